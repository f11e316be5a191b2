//go:build linux

package sys

import (
	"os"
	"reflect"
	"strings"
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

// The functions that classify say what the table says.
func TestClasses(t *testing.T) {
	for _, o := range Outcomes() {
		got := o.Action
		switch o.Call {
		case "Accept":
			got = OfAccept(o.Errno)
		case "Read":
			got = OfRead(o.Errno)
		case "Connect":
			got = OfConnect(o.Errno)
		case "Recvmmsg", "Sendmmsg":
			got = OfDatagram(o.Errno)
		}
		if got != o.Action {
			t.Errorf("%s: %v is %d, want %d", o.Call, o.Errno, got, o.Action)
		}
	}
	if OfConnect(os.ErrClosed) != Fatal {
		t.Error("an error that is no errno is not fatal")
	}
	for _, of := range []func(unix.Errno) Action{OfAccept, OfRead, func(e unix.Errno) Action { return OfConnect(e) }} {
		if of(unix.EBADF) != Fatal || of(unix.EINVAL) != Fatal {
			t.Error("an errno that tells of a mistake is not fatal")
		}
	}
}

// The table has every call that can fail, under its name, and each errno of it once.
func TestOutcomesAreWhole(t *testing.T) {
	missing := map[string]bool{}
	var names func(v reflect.Type, path string)
	names = func(v reflect.Type, path string) {
		for i := range v.NumField() {
			switch f := v.Field(i); f.Type.Kind() {
			case reflect.Struct:
				names(f.Type, path+f.Name+".")
			case reflect.Func:
				missing[path+f.Name] = f.Name != "Now" // the clock cannot fail
			}
		}
	}
	names(reflect.TypeFor[Calls](), "")
	seen := map[Outcome]bool{}
	for _, o := range Outcomes() {
		name, _, _ := strings.Cut(o.Call, "(")
		if _, ok := missing[name]; !ok {
			t.Errorf("%s is no call of the seam", o.Call)
		}
		missing[name] = false
		if key := (Outcome{Call: o.Call, Errno: o.Errno}); seen[key] {
			t.Errorf("%s: %v stands there twice", o.Call, o.Errno)
		} else {
			seen[key] = true
		}
	}
	for name, is := range missing {
		if is {
			t.Errorf("%s is not in the table", name)
		}
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
