package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// How slow connections read, and the sizes of their receive buffers: then, and when they have to come to an end.
const (
	slowRead   = 512 // bytes
	slowPace   = 10 * time.Millisecond
	slowBuffer = 4 << 10
	fastBuffer = 1 << 20
)

// isSlow reports whether connection i reads slowly. The last one of mode slow does not.
func (o *options) isSlow(i int) bool { return o.mode == "slow" && i < o.conns }

// receiveBuffer returns the size of a connection's receive buffer in bytes; 0 is the kernel's choice.
func (o *options) receiveBuffer(i int) int {
	if o.isSlow(i) {
		return slowBuffer
	}
	return 0
}

// slowDown leaves a connection's replies to slowReaders from now on, if it is a slow one.
func (l *load) slowDown(c *conn) error {
	if !l.options.isSlow(c.index) {
		return nil
	}
	c.slow = true
	return c.wrap(l.watch(c, slowInterest|c.interest&unix.EPOLLOUT))
}

// hasten has the replies of a connection read as they come again.
func (l *load) hasten(c *conn) error {
	if !c.slow {
		return nil
	}
	c.slow = false
	if err := unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, fastBuffer); err != nil {
		return fmt.Errorf("SO_RCVBUF: %w", err)
	}
	return l.watch(c, readInterest|c.interest&unix.EPOLLOUT)
}

// slowReaders read the slow connections, a little of each at a time.
type slowReaders struct {
	load *load
	next int64 // when they read again
}

// act implements pacer.
func (s *slowReaders) act(now int64) (next int64, err error) {
	if now < s.next {
		return s.next, nil
	}
	for i := range s.load.conns {
		c := &s.load.conns[i]
		if !c.slow {
			continue
		}
		if _, err := s.load.read(c, slowRead); err != nil {
			return 0, c.wrap(err)
		}
		s.load.refill(c)
		if err := s.load.flush(c); err != nil {
			return 0, c.wrap(err)
		}
	}
	s.next = now + int64(slowPace)
	return s.next, nil
}
