//go:build linux

package chat

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain fails the run if tests leave goroutines or descriptors behind.
func TestMain(m *testing.M) {
	goroutines, fds := runtime.NumGoroutine(), openFDs()
	code := m.Run()
	// The goroutine of a connection's close, or of a timer, may take a moment to end.
	for deadline := time.Now().Add(2 * time.Second); code == 0 && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if runtime.NumGoroutine() <= goroutines && openFDs() <= fds+runtimeFDs {
			os.Exit(0)
		}
	}
	if code == 0 {
		stacks := make([]byte, 64<<10)
		fmt.Fprintf(os.Stderr, "left behind: %d goroutines of %d, %d descriptors of %d\n%s\n", runtime.NumGoroutine()-goroutines,
			runtime.NumGoroutine(), openFDs()-fds, openFDs(), stacks[:runtime.Stack(stacks, true)])
		code = 1
	}
	os.Exit(code)
}

// runtimeFDs are those that Go's own poller opens at the first use of package net, and keeps.
const runtimeFDs = 2

func openFDs() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	return len(entries)
}
