package producer

import (
	"fmt"
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// sendFile sends a batch of the file at the head by sendfile(2). refused means that the kernel does not do that for this
// file or socket, and nothing was sent.
func (q *Queue) sendFile(fd int) (n int64, err error, refused bool) {
	it := q.at(q.head)
	if it.state == failed {
		return 0, fmt.Errorf("producer: %w", it.err), false
	}
	f := it.prod.(*file)
	if err := f.size(); err != nil {
		return 0, q.failFile(err), false
	}
	if f.left == 0 {
		q.finishFile()
		return 0, nil, false
	}
	offered := int(min(f.left, int64(q.sys.maxBatchBytes())))
	taken, errno := q.sendFileCall(fd, f, offered)
	switch {
	case errno == 0 && taken == 0:
		return 0, q.failFile(fmt.Errorf("%s at %d, with %d bytes to go: %w", f.f.Name(), f.off, f.left, io.ErrUnexpectedEOF)), false
	case errno == 0:
	case sendfileRefused(errno):
		return 0, nil, true
	default:
		return 0, sendError("sendfile", errno), false
	}
	f.advance(taken)
	if f.left == 0 {
		q.finishFile()
	}
	if taken < offered {
		err = ErrBlocked // or the file is short: the next call will tell
	}
	return int64(taken), err, false
}

// sendFileCall makes the system call, and makes it again as long as a signal interrupts it.
func (q *Queue) sendFileCall(fd int, f *file, offered int) (taken int, errno syscall.Errno) {
	s := q.sys
	in := int(f.f.Fd())
	for {
		s.scratch.off = f.off
		taken, errno = s.Calls.Sendfile(fd, in, &s.scratch.off, offered)
		if errno != unix.EINTR {
			return taken, errno
		}
	}
}

// failFile keeps the error of the file at the head and returns it as WriteTo's.
func (q *Queue) failFile(err error) error {
	it := q.at(q.head)
	it.state, it.err = failed, err
	return fmt.Errorf("producer: %w", err)
}

// finishFile takes the file at the head, which is sent, from the queue.
func (q *Queue) finishFile() {
	q.head++
	q.retire()
}

// sendfileRefused reports whether sendfile(2) does not work for this pair of descriptors, while read and write may.
func sendfileRefused(errno syscall.Errno) bool {
	switch errno {
	case unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP, unix.EPERM:
		return true
	}
	return false
}
