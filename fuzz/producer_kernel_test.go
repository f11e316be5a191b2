//go:build linux

package fuzz

import (
	"errors"
	"io"
	"syscall"
	"unsafe"

	"github.com/millrace-net/millrace/producer"
	"golang.org/x/sys/unix"
)

var errQueueProducer = errors.New("this producer fails")

// queueSteps is a producer that reads its argument's bits as what to do at each More. Its chunks share a buffer.
type queueSteps struct {
	p     []byte
	bits  int
	buf   []byte
	paid  func()
	mute  bool
	fails bool
}

func (p *queueSteps) OnReady(func()) {}
func (p *queueSteps) Close() error   { p.paid(); return nil }

func (p *queueSteps) More() ([]byte, error) {
	clear(p.buf) // the chunk before is no longer valid
	bits := p.bits
	p.bits = bits>>3 | bits&7<<13
	p.mute = !p.mute && bits&1 != 0
	if p.mute && bits&2 != 0 {
		return nil, producer.ErrNotReady
	} else if p.mute {
		return nil, nil
	}
	n := min(len(p.p), 1+bits%700)
	p.buf = append(p.buf[:0], p.p[:n]...)
	p.p = p.p[n:]
	switch {
	case len(p.p) > 0 || n > 0 && bits&4 != 0:
		return p.buf, nil
	case p.fails:
		return p.buf, errQueueProducer
	}
	return p.buf, io.EOF
}

// What the low bits of a plan make the kernel do; with others it takes a part.
const (
	queueAgain = iota
	queueInterrupt
	queueBrokenPipe
	queueRefuseSendfile
	queueTakeAll
	queuePlans = 8
)

// take answers an offer of p.
func (s *queueSubject) take(p []byte) (int, syscall.Errno) {
	n := len(p)
	if n == 0 || n > 50_000 {
		s.t.Errorf("%d bytes were offered", n)
	}
	s.offered, s.errno = n, 0
	switch s.plan % queuePlans {
	case queueAgain:
		s.errno = unix.EAGAIN
	case queueInterrupt:
		s.plan /= queuePlans
		return -1, unix.EINTR
	case queueBrokenPipe:
		s.errno = unix.EPIPE
	case queueRefuseSendfile, queueTakeAll:
	default:
		n = 1 + s.plan%n
	}
	if s.errno != 0 {
		return -1, s.errno
	}
	s.taken = append(s.taken, p[:n]...)
	return n, 0
}

func (s *queueSubject) write(_ int, p []byte) (int, syscall.Errno) { return s.take(p) }

func (s *queueSubject) writev(_ int, iov []unix.Iovec) (int, syscall.Errno) {
	if len(iov) < 2 || len(iov) > 7 {
		s.t.Errorf("%d slices were offered", len(iov))
	}
	var p []byte
	for _, v := range iov {
		if v.Len == 0 {
			s.t.Error("an empty slice was offered")
		}
		p = append(p, unsafe.Slice(v.Base, v.Len)...)
	}
	return s.take(p)
}

func (s *queueSubject) sendfile(_, in int, off *int64, n int) (int, syscall.Errno) {
	if s.plan%queuePlans == queueRefuseSendfile {
		return -1, unix.EINVAL
	}
	p := make([]byte, n)
	got, err := unix.Pread(in, p, *off)
	if err != nil {
		return -1, unix.EBADF
	}
	if got == 0 {
		return 0, 0
	}
	taken, errno := s.take(p[:got])
	s.offered = n // a file that is short looks like a socket that is full, at first
	*off += int64(max(taken, 0))
	return taken, errno
}

// queueSeeds are inputs that reach each kind of item, blocked and not.
func queueSeeds() [][]byte {
	op := func(op byte, arg int) []byte { return []byte{op, byte(arg), byte(arg >> 8)} }
	var every, parts, drops []byte
	for kind := byte(0); kind < 8; kind++ {
		every = append(every, op(kind, 5000+int(kind))...)
		parts = append(append(parts, op(kind, 0x1b57)...), op(10, 5)...)
		drops = append(append(drops, op(kind, 0x6abc)...), op(8+kind%3, int(kind))...)
	}
	for plan := range 40 {
		every = append(every, op(10, plan)...)
	}
	return [][]byte{every, parts, drops, op(7, 0x8123), append(op(5, 0xffff), op(10, 3)...)}
}
