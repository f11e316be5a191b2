//go:build linux

package loop

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// adoption is a socket on its way to its loop.
type adoption struct {
	fd      int
	peer    peer
	factory Factory
	dial    *dialing // not connected yet
}

// newConn makes the connection and its handler. A panic in the factory finds the connection
// registered, and closes it.
func (l *Loop) newConn(a *adoption) *Conn {
	c := &Conn{loop: l, fd: int32(a.fd), peer: a.peer, activeMs: l.nowMs,
		idleMax: clampMs(l.opts.IdleTimeout), elemMax: clampMs(l.opts.ElementTimeout)}
	c.timer.Expired = connExpired
	if l.opts.MinRate > 0 {
		c.state |= rated
	}
	if a.dial != nil { // what the factory pushes is kept
		c.state |= connecting
		c.extra().dial = a.dial
	}
	l.register(c)
	l.enter(c)
	if c.handler = a.factory(c); c.handler == nil && c.state&closed == 0 {
		c.close(nil)
		return c
	}
	if c.state&closed == 0 {
		c.SetHandler(c.handler)
	}
	return c
}

// adopt brings a connected or connecting socket to life.
func (l *Loop) adopt(a *adoption) {
	l.stats.Opened++
	c := l.newConn(a)
	switch {
	case c.state&closed != 0:
	case a.dial != nil:
		if t := ms(l.opts.ConnectTimeout); t > 0 {
			a.dial.giveUpMs = l.nowMs + t
		}
		c.dialNext()
	default:
		c.open()
	}
	switch {
	case c.state&closed != 0:
	case l.drain.forced:
		c.fail(ErrShutdown)
	case l.drain.asked:
		c.leave()
	}
}

// open puts a connected connection under way. It is added to epoll before Opened, so that what
// Opened pushes can wait for EPOLLOUT.
func (c *Conn) open() {
	c.state |= opened
	c.updateInterest()
	c.arm()
	if h, ok := c.handler.(Opener); ok && c.state&closed == 0 {
		if err := h.Opened(c); err != nil {
			c.fail(err)
		}
	}
	c.settle()
}

// Adopt makes a connection of fd, a connected stream socket, which belongs to the loop from now on:
// it is made non-blocking, and closed at the end, or at once if Adopt returns an error. The errors
// are ErrClosed, ErrTooManyConns, and what fcntl(2) answers. Any goroutine.
func (l *Loop) Adopt(fd int, factory Factory) error {
	if err := l.calls.SetNonblock(fd); err != nil {
		_ = l.calls.Close(fd)
		return os.NewSyscallError("fcntl", err)
	}
	unix.CloseOnExec(fd)
	if !l.room() {
		_ = l.calls.Close(fd)
		return fmt.Errorf("%w: %d", ErrTooManyConns, l.opts.MaxConns)
	}
	a := &adoption{fd: fd, factory: factory}
	if sa, err := l.calls.Getpeername(fd); err == nil {
		a.peer = peerOf(sa)
	}
	if err := l.send(a); err != nil {
		_ = l.calls.Close(fd)
		return err
	}
	return nil
}

// AdoptConn takes over a connection of package net. Its descriptor is duplicated and nc is closed
// at once, so that no finalizer of package os closes it later. The errors are those of Adopt, and
// of nc's SyscallConn. Any goroutine.
func (l *Loop) AdoptConn(nc net.Conn, factory Factory) error {
	defer nc.Close()
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return fmt.Errorf("%w: %T has no descriptor", ErrOption, nc)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return fmt.Errorf("loop: %w", err)
	}
	fd := -1
	var dupErr error
	if err := raw.Control(func(old uintptr) { fd, dupErr = l.calls.Dup(int(old)) }); err != nil {
		return fmt.Errorf("loop: %w", err)
	}
	if dupErr != nil {
		return os.NewSyscallError("fcntl", dupErr)
	}
	return l.Adopt(fd, factory)
}

// room tells whether one more connection is within Options.MaxConns. It reserves nothing: a
// reservation that is given up would have to wake a loop that waits for its last connection to end.
// So callers at the same moment may pass the limit, by one each. Any goroutine.
func (l *Loop) room() bool { return l.conns.Load() < int64(l.opts.MaxConns) }

// send hands an adoption to the loop. It returns ErrClosed if that has ended; the socket is the
// caller's then. Any goroutine.
func (l *Loop) send(a *adoption) error {
	l.conns.Add(1)
	if err := l.mail.PutAlways(message{adopt: a}); err != nil {
		l.conns.Add(-1)
		return ErrClosed
	}
	return nil
}
