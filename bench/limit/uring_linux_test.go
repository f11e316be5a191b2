package limit

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Where io_uring is forbidden, or is not there, the server says so and ends with code 3.
func TestNoUring(t *testing.T) {
	path := sanitized.path(t, "limit-uring")
	for _, errno := range []unix.Errno{unix.EPERM, unix.ENOSYS, unix.EINVAL} {
		t.Run(errno.Error(), func(t *testing.T) {
			out, err := runWithout(unix.SYS_IO_URING_SETUP, errno, path, "-addr", "127.0.0.1:0")
			if e := (*exec.ExitError)(nil); !errors.As(err, &e) || e.ExitCode() != noUring {
				t.Errorf("it ended by %v", err)
			}
			if !strings.HasPrefix(string(out), "limit-uring: io_uring is not available: ") {
				t.Errorf("it said %q", out)
			}
		})
	}
}

// runWithout runs a command in which a system call fails, and returns all that the command says.
func runWithout(call uint32, errno unix.Errno, command ...string) (out []byte, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the filter is the thread's, and its children's, and goes with it
		if err = forbid(call, errno); err == nil {
			out, err = exec.Command(command[0], command[1:]...).CombinedOutput()
		}
	}()
	<-done
	return out, err
}

// forbid makes a system call of this thread fail from now on.
func forbid(call uint32, errno unix.Errno) error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return nil
}
