//go:build linux

package sys_test

import (
	"fmt"
	"syscall"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// A test makes one call of one loop fail.
func Example() {
	calls := sys.System()
	calls.Read = func(fd int, p []byte) (int, syscall.Errno) { return -1, syscall.ECONNRESET }
	_, errno := calls.Read(0, make([]byte, 8))
	fmt.Println(errno, sys.OfRead(errno) == sys.Fatal)
	// Output: connection reset by peer true
}
