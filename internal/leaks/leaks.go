//go:build linux

package clienttest

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Leakless runs the tests of a package that needs no binaries, and fails the run if descriptors, goroutines or mappings are left
// behind. It does not return.
func Leakless(m *testing.M) {
	// The runtime opens its own epoll with the first socket.
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = ln.Close()
	}
	before := census()
	code := m.Run()
	after := census()
	for range 100 {
		if after == before {
			break
		}
		time.Sleep(20 * time.Millisecond)
		after = census()
	}
	if code == 0 && after != before {
		fmt.Fprintf(os.Stderr, "leak:\nbefore %s\nafter  %s\n", before, after)
		code = 1
	}
	os.Exit(code)
}

// census counts what a test may leave behind.
func census() string {
	runtime.GC() // a file that was dropped is closed by its finalizer
	fds, _ := os.ReadDir("/proc/self/fd")
	maps, _ := os.ReadFile("/proc/self/maps")
	return fmt.Sprintf("%d descriptors, %d goroutines, %d ring mappings",
		len(fds), runtime.NumGoroutine(), strings.Count(string(maps), "millrace-ring"))
}
