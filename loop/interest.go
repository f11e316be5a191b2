//go:build linux

package loop

import (
	"os"

	"golang.org/x/sys/unix"
)

// wanted is the interest that the connection's state calls for. None at all takes
// it out of the epoll set: EPOLLHUP and EPOLLERR are reported always, and would spin.
func (c *Conn) wanted() uint32 {
	var events uint32
	if c.state&(readClosed|connecting) == 0 && (c.state&closing != 0 || c.state&(paused|above) == 0) {
		events = unix.EPOLLIN
		if c.state&urgent != 0 && c.state&undelivered == 0 { // else nobody would take the byte, and it would spin
			events |= unix.EPOLLPRI
		}
	}
	if c.state&relaying != 0 && c.rare.relay.full {
		events = 0
	}
	if c.state&(blocked|connecting) != 0 {
		events |= unix.EPOLLOUT
	}
	return events
}

// updateInterest tells epoll what it has to know; in the steady state, nothing.
func (c *Conn) updateInterest() {
	events := c.wanted()
	if events == c.events {
		return
	}
	l := c.loop
	op := unix.EPOLL_CTL_MOD
	switch {
	case c.events == 0:
		op = unix.EPOLL_CTL_ADD
	case events == 0:
		op = unix.EPOLL_CTL_DEL
	}
	if errno := l.control(op, int(c.fd), events, c.slot, c.gen); errno != 0 {
		c.fail(os.NewSyscallError("epoll_ctl", errno))
		return
	}
	c.events = events
}

// control is epoll_ctl(2) with slot and generation as the event's data.
func (l *Loop) control(op, fd int, events, slot, gen uint32) unix.Errno {
	l.interest = unix.EpollEvent{Events: events, Fd: int32(slot), Pad: int32(gen)}
	for {
		errno := l.calls.EpollCtl(l.epfd, op, fd, &l.interest)
		if errno != unix.EINTR {
			return errno
		}
	}
}
