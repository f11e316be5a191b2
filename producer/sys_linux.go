package producer

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Limits of one batch.
const (
	maxIovecs            = 1024 // IOV_MAX: writev(2) refuses more with EINVAL
	defaultMaxBatchBytes = 1 << 20
)

// Calls are the system calls of a queue: the seam through which tests make them fail. Each makes one call and returns
// its count and errno. No slice is kept after the call returned.
type Calls struct {
	// Write is write(2), or send(2).
	Write func(fd int, p []byte) (int, syscall.Errno)
	// Writev is writev(2), or sendmsg(2).
	Writev func(fd int, iov []unix.Iovec) (int, syscall.Errno)
	// Sendfile is sendfile(2): from in at *off, which it moves, to out, at most n bytes.
	Sendfile func(out, in int, off *int64, n int) (int, syscall.Errno)
}

// SystemCalls returns the real system calls.
//
// Write and Writev are raw: on a non-blocking socket they never wait, and a raw call does not tell Go's scheduler, which
// would keep its monitor thread awake. So their descriptor must be non-blocking. Sendfile may wait for the disk, and
// is an ordinary call.
func SystemCalls() Calls {
	return Calls{Write: write, Writev: writev, Sendfile: sendfile}
}

func write(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

func writev(fd int, iov []unix.Iovec) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(iov))), uintptr(len(iov)))
	return int(n), errno
}

func sendfile(out, in int, off *int64, n int) (int, syscall.Errno) {
	sent, err := unix.Sendfile(out, in, off, n)
	if err == nil {
		return sent, 0
	}
	if errno, ok := err.(syscall.Errno); ok {
		return sent, errno
	}
	return sent, unix.EIO
}

// scratch is what a batch is put together in.
type scratch struct {
	iov []unix.Iovec
	off int64 // sendfile's offset: a local would escape to the heap at each call
}

// add offers p to the batch.
func (s *scratch) add(p []byte) {
	raceRead(p)
	s.iov = append(s.iov, unix.Iovec{Base: unsafe.SliceData(p)})
	s.iov[len(s.iov)-1].SetLen(len(p))
}

// clear forgets the batch.
func (s *scratch) clear() {
	clear(s.iov)
	s.iov = s.iov[:0]
}

func (s *Sys) setDefaults() {
	calls := SystemCalls()
	if s.Calls.Write == nil {
		s.Calls.Write = calls.Write
	}
	if s.Calls.Writev == nil {
		s.Calls.Writev = calls.Writev
	}
	if s.Calls.Sendfile == nil {
		s.Calls.Sendfile = calls.Sendfile
	}
}

// maxBatchBytes returns the limit on the bytes of a batch.
func (s *Sys) maxBatchBytes() int {
	if s.MaxBatchBytes <= 0 {
		return defaultMaxBatchBytes
	}
	return s.MaxBatchBytes
}

// maxBatchSlices returns the limit on the slices of a batch.
func (s *Sys) maxBatchSlices() int {
	if s.MaxIovecs <= 0 || s.MaxIovecs > maxIovecs {
		return maxIovecs
	}
	return s.MaxIovecs
}
