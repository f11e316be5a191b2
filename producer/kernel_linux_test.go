package producer

import (
	"errors"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel stands in for a socket: it takes what accept says, and remembers the stream.
type kernel struct {
	got    []byte
	calls  int
	slices int // most slices in one call
	offer  int // most bytes in one call
	// accept answers an offer of n bytes: how many are taken, or an errno.
	accept func(n int) (int, syscall.Errno)
	// refuse, if set, is what sendfile says.
	refuse syscall.Errno
}

func all(n int) (int, syscall.Errno) { return n, 0 }

// ask counts a call and returns the answer to it.
func (k *kernel) ask(n, slices int) (int, syscall.Errno) {
	k.calls++
	k.slices = max(k.slices, slices)
	k.offer = max(k.offer, n)
	return k.accept(n)
}

// sys returns the seam of this kernel.
func (k *kernel) sys() Calls {
	return Calls{Write: k.write, Writev: k.writev, Sendfile: k.sendfile}
}

func (k *kernel) write(_ int, p []byte) (int, syscall.Errno) {
	n, errno := k.ask(len(p), 1)
	if errno != 0 {
		return -1, errno
	}
	k.got = append(k.got, p[:n]...)
	return n, 0
}

func (k *kernel) writev(_ int, iov []unix.Iovec) (int, syscall.Errno) {
	if len(iov) > maxIovecs {
		return -1, unix.EINVAL
	}
	var p []byte
	for _, v := range iov {
		if v.Len == 0 {
			return -1, unix.EFAULT // an empty slice is a slice wasted
		}
		p = append(p, unsafe.Slice(v.Base, v.Len)...)
	}
	n, errno := k.ask(len(p), len(iov))
	if errno != 0 {
		return -1, errno
	}
	k.got = append(k.got, p[:n]...)
	return n, 0
}

func (k *kernel) sendfile(_, in int, off *int64, n int) (int, syscall.Errno) {
	if k.refuse != 0 {
		k.calls++
		return -1, k.refuse
	}
	p := make([]byte, n)
	n, err := unix.Pread(in, p, *off)
	if err != nil {
		return -1, unix.EIO
	}
	if n > 0 {
		var errno syscall.Errno
		if n, errno = k.ask(n, 1); errno != 0 {
			return -1, errno
		}
	}
	*off += int64(n)
	k.got = append(k.got, p[:n]...)
	return n, 0
}

// newKernelQueue returns a queue that writes to k, and which has given back all blocks when the test ends.
func newKernelQueue(t testing.TB, k *kernel) *Queue {
	t.Helper()
	q := newQueue(t)
	q.sys.Calls = k.sys()
	if k.accept == nil {
		k.accept = all
	}
	return q
}

// mustRelease fails the test if the scratch pins anything.
func mustRelease(t testing.TB, q *Queue) {
	t.Helper()
	s := &q.sys.scratch
	if len(s.iov) != 0 {
		t.Fatalf("%d slices are left in the scratch", len(s.iov))
	}
	for i, v := range s.iov[:cap(s.iov)] {
		if v.Base != nil {
			t.Fatalf("the scratch pins slice %d", i)
		}
	}
}

// flush writes until the queue is empty or fails, trying again when it is blocked or not ready.
func flush(t testing.TB, q *Queue) error {
	t.Helper()
	for range 1_000_000 {
		if q.Empty() {
			return nil
		}
		_, err := q.WriteTo(3)
		mustCheck(t, q)
		mustRelease(t, q)
		if err != nil && err != ErrBlocked && err != ErrNotReady {
			return err
		}
	}
	t.Fatal("the queue does not end")
	return nil
}

// errnoOf returns the errno an error wraps, or 0.
func errnoOf(err error) (errno syscall.Errno) {
	errors.As(err, &errno)
	return errno
}
