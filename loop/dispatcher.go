//go:build linux

package loop

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Dispatcher is asyncore's dispatcher: a channel of any pollable descriptor that reads and writes
// for itself. Its callbacks run on the loop's goroutine, never nested. A panic in one closes the
// channel, with a *PanicError, and nothing else.
//
// A Dispatcher may also implement HandleExpt(ch *Channel) error, for urgent data.
type Dispatcher interface {
	// Readable and Writable are asked before each round whether HandleRead and HandleWrite are
	// wanted. A channel that wants neither is not polled.
	Readable() bool
	Writable() bool
	// HandleRead is called when the descriptor is readable, at its end too; HandleWrite when it is
	// writable. An error closes the channel and is the cause that HandleClose gets.
	HandleRead(ch *Channel) error
	HandleWrite(ch *Channel) error
	// HandleClose is called once and last of all. The descriptor is still open. cause is nil after
	// Channel.Close.
	HandleClose(ch *Channel, cause error)
}

type exptHandler interface{ HandleExpt(ch *Channel) error }

// Channel is a Dispatcher on its loop. Its methods are for the loop's goroutine.
type Channel struct {
	loop *Loop
	fd   int
	d    Dispatcher
	gone bool
}

// Add puts a dispatcher for fd on the loop, from the next round on. The channel owns a duplicate of
// fd, which it closes at its end; the caller keeps fd. O_NONBLOCK is set, which both share
// (dup(2)). It returns ErrClosed after Close, ErrNotPollable for what epoll refuses, such as a
// regular file (epoll_ctl(2), EPERM), or the system call's error.
func (l *Loop) Add(fd int, d Dispatcher) (*Channel, error) {
	if l.epfd < 0 {
		return nil, ErrClosed
	}
	own, err := l.calls.Dup(fd)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	if err := unix.SetNonblock(own, true); err != nil {
		_ = l.calls.Close(own)
		return nil, os.NewSyscallError("fcntl", err)
	}
	ch := &Channel{loop: l, fd: own, d: d}
	// Polled for reading only to learn whether it can be; the predicates decide before the next round.
	if err := l.addChannel(ch, own, unix.EPOLLIN); err != nil {
		_ = l.calls.Close(own)
		if errors.Is(err, unix.EPERM) {
			return nil, fmt.Errorf("%w: %w", ErrNotPollable, err)
		}
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	l.polled++
	return ch, nil
}

// FD returns the channel's descriptor, which is non-blocking and closed by the channel.
func (ch *Channel) FD() int { return ch.fd }

// Loop returns the channel's loop.
func (ch *Channel) Loop() *Loop { return ch.loop }

// Close takes the channel off the loop; HandleClose follows before the turn ends, with a nil cause.
// Idempotent.
func (ch *Channel) Close() { ch.shut(nil) }

// askDispatchers brings every dispatcher's interest up to date.
func (l *Loop) askDispatchers() {
	if l.polled == 0 {
		return
	}
	for at := range l.channels {
		ch, ok := l.channels[at].handler.(*Channel)
		if !ok {
			continue
		}
		l.curChannel = ch
		if err := l.setChannel(at, ch.wanted()); err != nil {
			ch.shut(os.NewSyscallError("epoll_ctl", err))
		}
	}
	l.leave()
}

func (ch *Channel) wanted() (events uint32) {
	if ch.d.Readable() {
		events |= unix.EPOLLIN
		if _, ok := ch.d.(exptHandler); ok {
			events |= unix.EPOLLPRI
		}
	}
	if ch.d.Writable() {
		events |= unix.EPOLLOUT
	}
	return events
}

func (ch *Channel) ready(events uint32) {
	ch.loop.curChannel = ch
	var err error
	if h, ok := ch.d.(exptHandler); ok && events&unix.EPOLLPRI != 0 {
		err = h.HandleExpt(ch)
	}
	if err == nil && !ch.gone && events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 && ch.d.Readable() {
		err = ch.d.HandleRead(ch)
	}
	if err == nil && !ch.gone && events&(unix.EPOLLOUT|unix.EPOLLERR) != 0 && ch.d.Writable() {
		err = ch.d.HandleWrite(ch)
	}
	if err == nil && events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 && !ch.gone && !ch.d.Readable() {
		err = ch.hangUp(events)
	}
	if err != nil {
		ch.shut(err)
	}
}

// hangUp ends a channel that does not read and would spin.
func (ch *Channel) hangUp(events uint32) error {
	if errno, err := ch.loop.calls.GetsockoptInt(ch.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && errno != 0 {
		return unix.Errno(errno)
	}
	return unix.EPIPE
}

func (ch *Channel) shut(cause error) {
	if ch.gone {
		return
	}
	ch.gone = true
	ch.loop.polled--
	ch.loop.removeChannel(ch)
	ch.loop.obituaries = append(ch.loop.obituaries, obituary{ch, cause})
}

func (ch *Channel) quit() { ch.shut(ErrShutdown) }

// obituary is a HandleClose to come.
type obituary struct {
	ch    *Channel
	cause error
}

// tellClosed calls HandleClose of the channels that were closed in this turn.
func (l *Loop) tellClosed() {
	for len(l.obituaries) > 0 {
		o := l.obituaries[0]
		l.obituaries = l.obituaries[1:]
		l.curChannel = o.ch
		o.ch.d.HandleClose(o.ch, o.cause)
		l.leave()
	}
	l.obituaries = nil
}
