//go:build linux

package loop

import (
	"bytes"
	"runtime"
	"runtime/pprof"
	"strings"
)

const (
	stackGoroutines = 10_000   // beyond them a profile takes too long
	stackBytes      = 16 << 10 // of stacks in one line of the log
)

// turnStacks returns the stacks of the goroutines that are in a turn of a loop and not in its wait, as package
// runtime/pprof prints them: that of a loop that is blocked, and of others that happen to be busy. The profile of all
// goroutines that it takes stops the process for a moment, so where there are many it says so and no more.
func turnStacks() string {
	if n := runtime.NumGoroutine(); n > stackGoroutines {
		return "not taken: there are too many goroutines"
	}
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return err.Error()
	}
	var turns strings.Builder
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		in := strings.Contains(stack, ".(*Loop).turn+") || strings.Contains(stack, ".(*Loop).Close+")
		if in && !strings.Contains(stack, ".(*Loop).wait+") {
			turns.WriteString(stack[:min(len(stack), stackBytes-turns.Len())])
		}
	}
	return turns.String()
}
