package ringbuf

import (
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ledger wraps the system's calls. It lets the k-th call fail, or from the k-th on, and keeps book of what is open.
type ledger struct {
	calls    int
	failAt   int // number of the call to fail, from 1; 0 fails none
	failOn   bool
	err      error
	fds      map[int]bool
	reserved map[unsafe.Pointer]uintptr
	names    []string
}

func newLedger(failAt int, failOn bool, err error) *ledger {
	return &ledger{failAt: failAt, failOn: failOn, err: err, fds: map[int]bool{}, reserved: map[unsafe.Pointer]uintptr{}}
}

func (l *ledger) fail(name string) error {
	l.calls++
	l.names = append(l.names, name)
	if l.failAt > 0 && (l.calls == l.failAt || l.failOn && l.calls > l.failAt) {
		return l.err
	}
	return nil
}

func (l *ledger) wrap() Calls {
	s := System()
	return Calls{
		MemfdCreate: func(name string, flags int) (int, error) {
			if err := l.fail("memfd_create"); err != nil {
				return -1, err
			}
			fd, err := s.MemfdCreate(name, flags)
			l.fds[fd] = err == nil
			return fd, err
		},
		Ftruncate: func(fd int, size int64) error {
			return errors.Join(l.fail("ftruncate"), s.Ftruncate(fd, size))
		},
		Reserve: func(size uintptr) (unsafe.Pointer, error) {
			if err := l.fail("reserve"); err != nil {
				return nil, err
			}
			addr, err := s.Reserve(size)
			l.reserved[addr] = size
			return addr, err
		},
		MapFixed: func(addr unsafe.Pointer, size uintptr, fd int) error {
			if err := l.fail("map"); err != nil {
				return err
			}
			return s.MapFixed(addr, size, fd)
		},
		Unmap: func(addr unsafe.Pointer, size uintptr) error {
			if l.reserved[addr] != size {
				return fmt.Errorf("unmap of %d bytes where %d were reserved", size, l.reserved[addr])
			}
			delete(l.reserved, addr)
			return s.Unmap(addr, size)
		},
		Close: func(fd int) error {
			if !l.fds[fd] {
				return unix.EBADF
			}
			delete(l.fds, fd)
			return s.Close(fd)
		},
	}
}

// leaks says what is still open.
func (l *ledger) leaks() error {
	if len(l.fds) != 0 || len(l.reserved) != 0 {
		return fmt.Errorf("left open: descriptors %v, mappings %v", l.fds, l.reserved)
	}
	return nil
}

// mirrorCalls are the calls that one mirror takes, in order.
var mirrorCalls = []string{"memfd_create", "ftruncate", "reserve", "map", "map"}

func TestMirrorShowsEachByteTwice(t *testing.T) {
	calls := System()
	for _, size := range []int{page, 4 * page, 1 << 20} {
		files := openFiles(t)
		buf, err := calls.mapMirror(uintptr(size))
		if err != nil {
			t.Fatal(err)
		}
		if n := openFiles(t); n != files {
			t.Errorf("a mirror of %d bytes keeps %d descriptors", size, n-files)
		}
		if n := ringMappings(t); n < 1 || n > 2 { // the kernel may show both halves in one line
			t.Errorf("%d mappings", n)
		}
		for i := range size {
			buf[i] = byte(i * 7)
			buf[size+(i+1)%size] = byte((i + 1) % size * 7)
		}
		for i := range size {
			if buf[i] != byte(i*7) || buf[size+i] != byte(i*7) {
				t.Fatalf("size %d: byte %d is %d and %d, want %d", size, i, buf[i], buf[size+i], byte(i*7))
			}
		}
		buf[size] = 1
		if buf[0] != 1 {
			t.Error("the second half does not write through")
		}
		if err := calls.unmapMirror(buf); err != nil {
			t.Error(err)
		}
		if n := ringMappings(t); n != 0 {
			t.Errorf("%d mappings after unmapping", n)
		}
	}
}

func TestScenario23MirrorFailsAtEachCall(t *testing.T) {
	for _, errno := range []unix.Errno{unix.ENOMEM, unix.EMFILE, unix.ENFILE, unix.EINTR, unix.EINVAL} {
		for k := 1; k <= len(mirrorCalls); k++ {
			for _, failOn := range []bool{false, true} {
				files := openFiles(t)
				l := newLedger(k, failOn, errno)
				calls := l.wrap()
				buf, err := calls.mapMirror(uintptr(page))
				if buf != nil || !errors.Is(err, errno) {
					t.Errorf("%s failed: %v, %v", mirrorCalls[k-1], buf, err)
				}
				if l.names[k-1] != mirrorCalls[k-1] {
					t.Errorf("call %d is %s, want %s", k, l.names[k-1], mirrorCalls[k-1])
				}
				if err := l.leaks(); err != nil {
					t.Errorf("%s failed: %v", mirrorCalls[k-1], err)
				}
				if n, m := openFiles(t), ringMappings(t); n != files || m != 0 {
					t.Errorf("%s failed: %d descriptors, before %d; %d mappings", mirrorCalls[k-1], n, files, m)
				}
			}
		}
	}
}

// TestCloseFails has close(2) of the memfd report an error after closing, as Linux does: the mirror is good.
func TestCloseFails(t *testing.T) {
	calls := System()
	closed := 0
	calls.Close = func(fd int) error {
		closed++
		return errors.Join(unix.Close(fd), unix.EIO)
	}
	buf, err := calls.mapMirror(uintptr(page))
	if err != nil || closed != 1 {
		t.Fatalf("%d descriptors closed, error %v", closed, err)
	}
	buf[0] = 9
	if buf[page] != 9 {
		t.Error("not a mirror")
	}
	if err := calls.unmapMirror(buf); err != nil {
		t.Error(err)
	}
}

func TestOrSystem(t *testing.T) {
	asked := 0
	c := Calls{MemfdCreate: func(name string, flags int) (int, error) {
		asked++
		if name != "millrace-ring" || flags&unix.MFD_CLOEXEC == 0 {
			t.Errorf("memfd_create(%q, %#x)", name, flags)
		}
		return unix.MemfdCreate(name, flags)
	}}.orSystem()
	buf, err := c.mapMirror(uintptr(page))
	if err != nil || asked != 1 {
		t.Fatalf("asked %d times, error %v", asked, err)
	}
	if err := c.unmapMirror(buf); err != nil {
		t.Error(err)
	}
}
