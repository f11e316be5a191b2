//go:build linux

package resp

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain fails the run if the tests have left goroutines or descriptors behind.
func TestMain(m *testing.M) {
	goroutines, files := runtime.NumGoroutine(), descriptors()
	code := m.Run()
	for deadline := time.Now().Add(5 * time.Second); code == 0; time.Sleep(10 * time.Millisecond) {
		g, f := runtime.NumGoroutine(), descriptors()
		if g <= goroutines && f <= files {
			break
		}
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "%d goroutines and %d descriptors at the end, %d and %d at the start\n", g, f, goroutines, files)
			code = 1
		}
	}
	os.Exit(code)
}

// descriptors returns the number of open descriptors, but for those of the runtime's own poller, which it opens when first
// needed and never closes.
func descriptors() (n int) {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	for _, e := range list {
		target, _ := os.Readlink("/proc/self/fd/" + e.Name())
		if target != "anon_inode:[eventpoll]" && target != "anon_inode:[eventfd]" {
			n++
		}
	}
	return n
}
