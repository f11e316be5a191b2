//go:build linux

package sys

import (
	"os"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Every func of the seam is set: a nil one would be a panic in the middle of a turn.
func TestSystemIsWhole(t *testing.T) {
	var look func(v reflect.Value, path string)
	look = func(v reflect.Value, path string) {
		for i := range v.NumField() {
			name := path + v.Type().Field(i).Name
			switch f := v.Field(i); f.Kind() {
			case reflect.Struct:
				look(f, name+".")
			case reflect.Func:
				if f.IsNil() {
					t.Errorf("%s is nil", name)
				}
			}
		}
	}
	look(reflect.ValueOf(System()).Elem(), "")
}

func TestClasses(t *testing.T) {
	for errno, want := range map[unix.Errno]Action{
		unix.EINTR: Retry, unix.EAGAIN: Wait, unix.ECONNABORTED: Skip, unix.EPROTO: Skip, unix.EMFILE: Exhausted,
		unix.ENFILE: Exhausted, unix.ENOBUFS: Exhausted, unix.ENOMEM: Exhausted, unix.EBADF: Fatal, unix.EINVAL: Fatal,
	} {
		if got := OfAccept(errno); got != want {
			t.Errorf("accept: %v is %d, want %d", errno, got, want)
		}
	}
	for errno, want := range map[unix.Errno]Action{
		unix.EINTR: Retry, unix.EAGAIN: Wait, unix.ENOBUFS: Fatal, unix.ENOMEM: Fatal,
		unix.ECONNRESET: Fatal, unix.EPIPE: Fatal, unix.ETIMEDOUT: Fatal, unix.EBADF: Fatal,
	} {
		if got := OfRead(errno); got != want {
			t.Errorf("read: %v is %d, want %d", errno, got, want)
		}
	}
	for errno, want := range map[unix.Errno]Action{
		unix.EINPROGRESS: Wait, unix.EINTR: Wait, unix.EAGAIN: Exhausted, unix.ECONNREFUSED: Fatal, unix.ENETUNREACH: Fatal,
	} {
		if got := OfConnect(errno); got != want {
			t.Errorf("connect: %v is %d, want %d", errno, got, want)
		}
	}
	if OfConnect(os.ErrClosed) != Fatal {
		t.Error("an error that is no errno is not fatal")
	}
}

// Whoever shares a descriptor can make it blocking, for the flag is the open file's. The calls do not wait all the same.
func TestNoCallWaits(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0) // a blocking one
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	hang := time.AfterFunc(10*time.Second, func() { panic("a system call waits") })
	defer hang.Stop()
	calls, p := System(), make([]byte, 64<<10)
	iov := []unix.Iovec{{Base: &p[0]}, {Base: &p[0]}}
	for i := range iov {
		iov[i].SetLen(len(p) / 2)
	}
	if _, errno := calls.Read(fds[0], p); errno != unix.EAGAIN {
		t.Errorf("reading from an empty socket: %v", errno)
	}
	errno, full := unix.Errno(0), 0
	for ; errno == 0; full++ {
		_, errno = calls.Output.Write(fds[0], p)
	}
	if errno != unix.EAGAIN || full == 1 {
		t.Errorf("writing %d times: %v", full, errno)
	}
	if _, errno := calls.Output.Writev(fds[0], iov); errno != unix.EAGAIN {
		t.Errorf("writing two slices to a full socket: %v", errno)
	}
	unix.Close(fds[1])
	if _, errno := calls.Output.Writev(fds[0], iov); errno != unix.EPIPE {
		t.Errorf("writing two slices to nobody: %v", errno)
	}
}

// BenchmarkSeam is the price of the seam: a look at a socket to which nothing has come, through the struct of funcs, and
// by the system call itself.
func BenchmarkSeam(b *testing.B) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	fd, p, calls := fds[0], make([]byte, 64), System()
	b.Run("through", func(b *testing.B) {
		for b.Loop() {
			if n, errno := calls.Read(fd, p); errno != unix.EAGAIN {
				b.Fatal(n, errno)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0, 0, 0)
			if errno != unix.EAGAIN {
				b.Fatal(n, errno)
			}
		}
	})
}
