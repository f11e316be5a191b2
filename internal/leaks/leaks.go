// Package leaks has the TestMain of packages whose tests must leave nothing behind.
package leaks

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests of a package, and fails the run if descriptors, goroutines or mappings of rings are left behind. It does
// not return.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for a TestMain that has something to remove afterwards: it returns what os.Exit is to be given. Where the
// system does not show descriptors and mappings, goroutines are all that is counted.
func Run(m *testing.M) int {
	// The runtime opens its own epoll with the first socket, and has a goroutine for signals from the first one on.
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = ln.Close()
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	signal.Stop(signals)
	before := census()
	code := m.Run()
	if code != 0 || fuzzing() {
		return code
	}
	after := census()
	for range 100 {
		if after == before {
			return 0
		}
		time.Sleep(20 * time.Millisecond)
		after = census()
	}
	stacks := make([]byte, 1<<16)
	fmt.Fprintf(os.Stderr, "leak:\nbefore %s\nafter  %s\n%s\n", before, after, stacks[:runtime.Stack(stacks, true)])
	return 1
}

// fuzzing tells whether this is a run of the fuzzer, which has pipes, processes and goroutines of its own.
func fuzzing() bool {
	for _, name := range []string{"test.fuzz", "test.fuzzworker"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			return true
		}
	}
	return false
}

// census counts what a test may leave behind.
func census() string {
	runtime.GC() // a file that was dropped is closed by its finalizer
	fds, _ := os.ReadDir("/proc/self/fd")
	maps, _ := os.ReadFile("/proc/self/maps")
	return fmt.Sprintf("%d descriptors, %d goroutines, %d ring mappings",
		len(fds), runtime.NumGoroutine(), strings.Count(string(maps), "millrace-ring"))
}
