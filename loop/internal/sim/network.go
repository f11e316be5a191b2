//go:build linux

package sim

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Service is what answers on a port that no listener of the loop has: it gets the far socket of each connection. A nil
// one answers to nothing, and a port without any refuses.
type Service func(s *Socket)

// Serve has a service answer on a port.
func (k *Kernel) Serve(port uint16, s Service) { k.services[port] = s }

// retryNs is how long a client waits before it asks again where a queue was full.
const retryNs = int64(1e9)

// Dial makes a peer's socket that connects to port. tag is its Tag.
func (k *Kernel) Dial(port uint16, tag any) *Socket {
	s := k.newSocket()
	s.Tag = tag
	k.dial(s, port)
	return s
}

// dial has s connect. The answer takes its time.
func (k *Kernel) dial(s *Socket, port uint16) {
	s.phase = connecting
	k.nextPort++
	s.port = max(k.nextPort, 1024)
	k.Conns++
	k.Progress++
	k.After(k.delay(), func() { k.arriveSyn(s, port) })
}

// arriveSyn is the first segment of a connection at its port.
func (k *Kernel) arriveSyn(s *Socket, port uint16) {
	if s.phase != connecting {
		return
	}
	if l := k.ports[port]; l != nil {
		if len(l.queue) > l.backlog {
			k.After(retryNs, func() { k.arriveSyn(s, port) })
			return
		}
		far := k.answer(s)
		l.queue = append(l.queue, far)
		l.touch()
		return
	}
	service, serves := k.services[port]
	switch {
	case !serves:
		k.After(k.delay(), s.wasReset)
	case service != nil:
		service(k.answer(s))
	}
}

// answer makes the far socket of a connection, and lets the client know.
func (k *Kernel) answer(s *Socket) *Socket {
	far := k.newSocket()
	far.phase = established
	pair(s, far)
	k.at(k.arrival(&far.out), func() {
		if s.phase != connecting {
			k.reset(s)
			return
		}
		s.phase = established
		s.touch()
	})
	return far
}

// stopListening resets what waits in the queue.
func (s *Socket) stopListening() {
	delete(s.k.ports, s.port)
	for _, waiting := range s.queue {
		waiting.Reset()
	}
	s.queue = nil
	s.phase = fresh
}

// listen is listen(2).
func (k *Kernel) listen(s *Socket, backlog int) unix.Errno {
	if k.ports[s.port] != nil {
		return unix.EADDRINUSE
	}
	s.phase, s.backlog = listening, min(backlog, 4096)
	k.ports[s.port] = s
	return 0
}

// accept is accept4(2): it wants a descriptor first.
func (k *Kernel) accept(l *Socket, from *unix.RawSockaddrAny) (int, unix.Errno) {
	if k.open >= k.MaxFDs {
		k.Full++
		return -1, unix.EMFILE
	}
	if l.phase != listening {
		return -1, unix.EINVAL
	}
	if len(l.queue) == 0 {
		return -1, unix.EAGAIN
	}
	s := l.pop()
	fd, errno := k.install(s)
	if errno == 0 {
		raw := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		*from = unix.RawSockaddrAny{}
		raw.Family = unix.AF_INET
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:], s.peer.port)
		raw.Addr = [4]byte{10, 0, 0, 2}
	}
	return fd, errno
}

func (s *Socket) pop() *Socket {
	first := s.queue[0]
	s.queue = s.queue[:copy(s.queue, s.queue[1:])]
	s.touch()
	return first
}

// abort loses the first connection of a queue, as the network may.
func (s *Socket) abort() {
	if s.phase == listening && len(s.queue) > 0 {
		s.pop().Reset()
	}
}
