package producer

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain fails the run if the tests left goroutines or descriptors behind.
func TestMain(m *testing.M) {
	startPoller()
	goroutines, fds := runtime.NumGoroutine(), countFDs()
	code := m.Run()
	if err := settled(goroutines, fds); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// startPoller has the runtime open its own descriptors, which it keeps, before any are counted.
func startPoller() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	_, _ = r.Close(), w.Close()
}

// settled waits until the counts are back where they were: a Reader closes its reader shortly after it was dropped.
func settled(goroutines, fds int) error {
	var nowGoroutines, nowFDs int
	for range 300 {
		nowGoroutines, nowFDs = runtime.NumGoroutine(), countFDs()
		if nowGoroutines <= goroutines && nowFDs <= fds {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return fmt.Errorf("leaked: goroutines %d -> %d, descriptors %d -> %d\n%s", goroutines, nowGoroutines, fds, nowFDs, stacks)
}

// countFDs counts the open descriptors where the system shows them, and is 0 elsewhere.
func countFDs() int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(fds)
}
