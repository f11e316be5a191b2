package producer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// WriteTo offers one batch to the non-blocking socket fd and returns how many bytes it took: one call of Calls.Writev,
// one of Calls.Write when the batch is a single slice, one sendfile(2) when the head is a File, or what a Direct at the head
// does. It is initiate_send, batched.
// A producer adds one chunk, as its chunk is only valid until its next; items behind it wait, unless the chunk is
// its last. EINTR is retried.
//
// The error is nil when all that was offered was taken; the queue may still hold more, so call again until it is
// Empty. It is ErrBlocked when the socket took less than was offered: wait until it is writable. It is ErrNotReady
// when the head is a producer that has nothing now and nothing is left before it: wait for the wake. Any other error
// wraps the errno in an *os.SyscallError, or wraps the error of the producer at the head, once all bytes before it are
// written; the queue keeps its items, and Discard frees them. A broken pipe is EPIPE and no signal: Go ignores SIGPIPE
// for sockets (os/signal).
func (q *Queue) WriteTo(fd int) (n int64, err error) {
	if q.head == q.tail {
		return 0, nil
	}
	if q.at(q.head).kind == kindDirect {
		return q.sendDirect(fd)
	}
	if q.at(q.head).kind == kindFile {
		n, err, refused := q.sendFile(fd)
		if !refused {
			return n, err
		}
		q.at(q.head).kind = kindProducer // and so read by More from here on
	}
	notReady := q.fill()
	offered := q.gather()
	if offered == 0 {
		q.advance(0) // exhausted producers that had no chunk
		err := q.headError(notReady)
		q.retire()
		return 0, err
	}
	taken, call, errno := q.send(fd)
	q.sys.scratch.clear()
	if errno != 0 {
		return 0, sendError(call, errno)
	}
	q.advance(taken)
	q.retire()
	if taken < offered {
		err = ErrBlocked
	}
	return int64(taken), err
}

// fill asks the producers of one batch for their chunks. It is the only part of a batch that calls code which is not
// ours, and it comes before the first iovec is set. It returns ErrNotReady if it came to a producer that said so.
func (q *Queue) fill() error {
	room, slices := q.sys.maxBatchBytes(), q.sys.maxBatchSlices()
	for pos := q.head; pos != q.tail && room > 0 && slices > 0; pos++ {
		it := q.at(pos)
		if it.kind == kindProducer && it.state == open && len(it.p) == 0 {
			if err := q.refill(pos); err != nil {
				return err
			}
			if pos < q.head {
				return nil // More discarded the queue: what was pushed since is for the next batch
			}
			it = q.at(pos) // More may have pushed, and so moved the ring
		}
		if it.more() {
			return nil
		}
		if len(it.p) > 0 {
			room -= len(it.p)
			slices--
		}
	}
	return nil
}

// refill asks the producer at pos until it has a chunk or an error. An error of its own is kept in the item, to be told
// when the bytes before it are written; ErrNotReady is returned.
func (q *Queue) refill(pos uint64) error {
	prod := q.at(pos).prod
	for range maxEmptyChunks {
		p, err := prod.More()
		if pos < q.head {
			return nil // dropped while it was asked: the chunk is no longer valid
		}
		it := q.at(pos)
		it.p = p
		q.size += int64(len(p))
		switch {
		case err == nil && len(p) == 0:
			continue
		case err == nil:
		case err == io.EOF:
			it.state = last
		case errors.Is(err, ErrNotReady):
			if len(p) == 0 {
				return ErrNotReady
			}
		default:
			it.state, it.err = failed, err
		}
		return nil
	}
	it := q.at(pos)
	it.state, it.err = failed, io.ErrNoProgress
	return nil
}

// gather puts the batch's slices into the scratch and returns how many bytes they are.
func (q *Queue) gather() (offered int) {
	s, off := &q.sys.scratch, q.off
	room, slices := q.sys.maxBatchBytes(), q.sys.maxBatchSlices()
	for pos := q.head; pos != q.tail && offered < room && len(s.iov) < slices; pos++ {
		it := q.at(pos)
		if p := it.p[off:]; len(p) > 0 {
			p = p[:min(len(p), room-offered)]
			s.add(p)
			offered += len(p)
		}
		if it.more() {
			return offered
		}
		off = 0
	}
	return offered
}

// send makes the one system call of a batch, and makes it again as long as a signal interrupts it.
func (q *Queue) send(fd int) (taken int, call string, errno syscall.Errno) {
	iov, calls := q.sys.scratch.iov, &q.sys.Calls
	for {
		if len(iov) == 1 {
			call = "write"
			taken, errno = calls.Write(fd, unsafe.Slice(iov[0].Base, iov[0].Len))
		} else {
			call = "writev"
			taken, errno = calls.Writev(fd, iov)
		}
		if errno != unix.EINTR {
			return taken, call, errno
		}
	}
}

// advance moves the cursor over n bytes that the kernel took, and over exhausted producers. What is owed for the items
// it passes is left to retire.
func (q *Queue) advance(n int) {
	q.size -= int64(n)
	for q.head != q.tail {
		it := q.at(q.head)
		rest := len(it.p) - q.off
		if n < rest {
			q.off += n
			return
		}
		n -= rest
		q.off = 0
		if it.more() {
			it.p = nil
			return
		}
		q.head++
	}
}

// headError returns why nothing can be written now: the failure of the producer at the head, or that it is not ready.
func (q *Queue) headError(notReady error) error {
	if q.head == q.tail {
		return nil
	}
	if it := q.at(q.head); it.state == failed {
		return fmt.Errorf("producer: %w", it.err)
	}
	return notReady
}

// sendError turns the errno of a call into WriteTo's error.
func sendError(call string, errno syscall.Errno) error {
	if errno == unix.EAGAIN {
		return ErrBlocked
	}
	return os.NewSyscallError(call, errno)
}
