//go:build linux

package sys

import (
	"os"
	"reflect"
	"testing"
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
		if got := OfAccept(os.NewSyscallError("accept4", errno)); got != want {
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
	if OfAccept(os.ErrClosed) != Fatal || OfConnect(os.ErrClosed) != Fatal {
		t.Error("an error that is no errno is not fatal")
	}
}

// BenchmarkSeam is the price of the seam: a read of 64 bytes through the struct of funcs, and by
// the system call itself.
func BenchmarkSeam(b *testing.B) {
	f, err := os.Open("/dev/zero")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	fd, p, calls := int(f.Fd()), make([]byte, 64), System()
	b.Run("through", func(b *testing.B) {
		for b.Loop() {
			if n, errno := calls.Read(fd, p); n != len(p) {
				b.Fatal(errno)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
			if int(n) != len(p) {
				b.Fatal(errno)
			}
		}
	})
}
