//go:build linux

package sim

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// phase is where a socket is in its life.
type phase uint8

const (
	fresh phase = iota
	bound
	listening
	connecting
	established
	dead // TCP_CLOSE: after a reset, or a connect that failed
)

// Socket is a TCP socket, of the loop if it has a descriptor, else of a peer, which uses its methods. Those do nothing
// that waits, and tell of errors as the system calls do.
//
// Invariant: peer is set once, when the connection begins, and out carries bytes to it; in is its out.
type Socket struct {
	// Tag is the user's.
	Tag any
	// Notify, if set, is called when something may be read or written, or has failed; within a call of the kernel, so it
	// should only plan what to do.
	Notify func()

	k         *Kernel
	entry     node
	phase     phase
	peer      *Socket
	out       way
	recvShut  bool // the end of the stream has arrived, or a reset
	sendShut  bool
	orphan    bool // its last descriptor is closed
	resetSent bool
	err       unix.Errno // SO_ERROR
	port      uint16     // of a listener; of a client its own
	queue     []*Socket  // of a listener: connections that nobody has accepted
	backlog   int
	movedNs   int64  // when a call last moved a byte, or the socket was made
	told      uint64 // the batch in which epoll last reported it
	faults    []unix.Errno
	wasRST    bool
	sawEnd    bool // the end of the stream was read
}

func (s *Socket) node() *node { return &s.entry }

func (s *Socket) in() *way { return &s.peer.out }

// newSocket makes a socket with buffers of some size.
func (k *Kernel) newSocket() *Socket {
	s := &Socket{k: k, movedNs: k.now}
	s.out.sendCap, s.out.recvCap = k.between(k.SendBytes), k.between(k.RecvBytes)
	s.out.from = s
	return s
}

// pair makes two sockets each other's peers.
func pair(a, b *Socket) {
	a.peer, b.peer = b, a
	a.out.to, b.out.to = b, a
}

// touch says that s may be ready for something else.
func (s *Socket) touch() {
	s.entry.touch()
	if s.Notify != nil {
		s.Notify()
	}
}

// ready is tcp_poll of Linux.
func (s *Socket) ready() (events uint32) {
	switch s.phase {
	case listening:
		if len(s.queue) > 0 {
			events = unix.EPOLLIN | unix.EPOLLRDNORM
		}
		return events
	case connecting:
		return 0
	}
	gone := s.phase != established
	if gone || s.recvShut && s.sendShut {
		events |= unix.EPOLLHUP
	}
	if s.recvShut || s.phase == dead {
		events |= unix.EPOLLIN | unix.EPOLLRDNORM | unix.EPOLLRDHUP
	}
	if s.peer != nil && len(s.in().got) > 0 {
		events |= unix.EPOLLIN | unix.EPOLLRDNORM
	}
	if free := s.out.sendCap - s.out.unacked; gone || s.sendShut || free > 0 && free >= s.out.unacked/2 {
		events |= unix.EPOLLOUT | unix.EPOLLWRNORM
	}
	if s.err != 0 {
		events |= unix.EPOLLERR
	}
	return events
}

// wasReset is the arrival of a reset. What came before can still be read.
func (s *Socket) wasReset() {
	if s.phase == dead {
		return
	}
	switch {
	case s.phase == connecting:
		s.err = unix.ECONNREFUSED
	case s.recvShut && !s.sendShut:
		s.err = unix.EPIPE
	default:
		s.err = unix.ECONNRESET
	}
	s.wasRST = true
	s.phase, s.recvShut, s.sendShut = dead, true, true
	s.out.sent, s.out.due = nil, 0
	s.k.Progress++
	s.touch()
}

// takeErr is SO_ERROR, which is told once.
func (s *Socket) takeErr() unix.Errno {
	errno := s.err
	s.err = 0
	if errno != 0 {
		s.k.Progress++
	}
	return errno
}

// Recv is recv(2).
func (s *Socket) Recv(p []byte) (int, unix.Errno) {
	switch {
	case s.peer != nil && len(s.in().got) > 0:
		n := s.k.take(s.in(), p)
		s.movedNs = s.k.now
		return n, 0
	case s.peer != nil && s.in().endGot:
		s.sawEnd = true
		return 0, 0
	case s.err != 0:
		return 0, s.takeErr()
	case s.recvShut:
		s.sawEnd = true
		return 0, 0
	case s.phase != established:
		return 0, unix.ENOTCONN
	}
	return 0, unix.EAGAIN
}

// Send is send(2).
func (s *Socket) Send(p []byte) (int, unix.Errno) {
	switch {
	case s.phase == connecting:
		return 0, unix.EAGAIN
	case s.err != 0:
		return 0, s.takeErr()
	case s.sendShut || s.phase != established:
		return 0, unix.EPIPE
	}
	n := s.k.put(&s.out, p)
	if n == 0 && len(p) > 0 {
		return 0, unix.EAGAIN
	}
	s.movedNs = s.k.now
	return n, 0
}

// CloseWrite is shutdown(2) with SHUT_WR.
func (s *Socket) CloseWrite() unix.Errno {
	if s.phase != established {
		return unix.ENOTCONN
	}
	if !s.sendShut {
		s.sendShut = true
		s.k.end(&s.out)
		s.entry.touch()
	}
	return 0
}

// Close is close(2): with something unread it resets, else what was sent and the end of the stream go on their way.
func (s *Socket) Close() {
	if s.orphan {
		return
	}
	s.orphan = true
	s.Notify = nil
	switch {
	case s.phase == listening:
		s.stopListening()
	case s.phase == connecting:
		s.phase = dead
	case s.phase != established:
	case len(s.in().got) > 0:
		s.Reset()
	default:
		s.recvShut, s.sendShut = true, true
		s.k.end(&s.out)
	}
}

// Reset is close(2) with SO_LINGER and no time: a reset goes out behind what is on its way.
func (s *Socket) Reset() {
	s.orphan = true
	s.Notify = nil
	if s.phase == established {
		s.phase = dead
		s.k.reset(s)
	}
}

func (s *Socket) release() { s.Close() }

// Widen gives both directions buffers of at least so many bytes. No call moves a byte by it, what is next to come does.
func (s *Socket) Widen(bytes int) {
	for _, side := range []*Socket{s, s.peer} {
		if side != nil {
			side.out.sendCap, side.out.recvCap = max(side.out.sendCap, bytes), max(side.out.recvCap, bytes)
		}
	}
}

// Peer is the other side.
func (s *Socket) Peer() *Socket { return s.peer }

// Port is the local port.
func (s *Socket) Port() uint16 { return s.port }

// Closed tells whether the owner has closed it.
func (s *Socket) Closed() bool { return s.orphan }

// Over tells whether nothing more can come or go.
func (s *Socket) Over() bool { return s.phase == dead }

// Connected tells whether the connection stands, in one direction at least.
func (s *Socket) Connected() bool { return s.phase == established }

// WasReset tells whether a reset has arrived, or the connect was refused.
func (s *Socket) WasReset() bool { return s.wasRST }

// SawEnd tells whether the end of the stream was read.
func (s *Socket) SawEnd() bool { return s.sawEnd }

// Faults are the errnos, other than those to be retried, that calls on the socket were made to answer.
func (s *Socket) Faults() []unix.Errno { return s.faults }

// MovedNs is when a call last moved a byte of it.
func (s *Socket) MovedNs() int64 { return s.movedNs }

// Sent is how many bytes were sent, Arrived how many of them the other side's kernel has.
func (s *Socket) Sent() uint64 { return s.out.Total }

// Arrived is described at Sent.
func (s *Socket) Arrived() uint64 { return s.out.Total - uint64(len(s.out.sent)) }

// Received is how many bytes were read.
func (s *Socket) Received() uint64 { return s.in().Read }

// String is for a failure: what lies where on the way out.
func (s *Socket) String() string {
	w := &s.out
	return fmt.Sprintf("phase %d, out: %d sent, %d due, %d got, %d unacknowledged, buffers %d and %d, end %t %t %t",
		s.phase, len(w.sent), w.due, len(w.got), w.unacked, w.sendCap, w.recvCap, w.ended, w.endDue, w.endGot)
}
