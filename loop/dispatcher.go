//go:build linux

package loop

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Dispatcher is asyncore's dispatcher: a channel of any pollable descriptor that reads and writes
// for itself. Its callbacks run on the loop's goroutine, never nested. BaseDispatcher has asyncore's
// defaults for all of them, to be embedded.
//
// An error that a callback returns, or a panic in one, which becomes a *PanicError, closes this
// channel and nothing else, unless an ErrorHandler takes it.
//
// A Dispatcher may also implement ExptHandler, ConnectHandler, AcceptHandler or AcceptedHandler,
// and ErrorHandler.
type Dispatcher interface {
	// Readable and Writable are asked before each round whether HandleRead and HandleWrite are
	// wanted. A channel that wants neither is not polled. Writable is not asked while the channel
	// listens, and neither is while it connects.
	Readable() bool
	Writable() bool
	// HandleRead is called when the descriptor is readable, at its end too; HandleWrite when it is
	// writable. An error closes the channel and is the cause that HandleClose gets.
	HandleRead(ch *Channel) error
	HandleWrite(ch *Channel) error
	// HandleClose is called once and last of all. The descriptor is still open. cause is nil after
	// Channel.Close, io.EOF if Recv found the end of the stream, and else what failed.
	HandleClose(ch *Channel, cause error)
}

// ExptHandler is a Dispatcher that is told of urgent data: TCP's out-of-band byte (tcp(7)), which
// Channel.RecvUrgent takes. Until it is taken, or what stands before it is read, every round tells
// again. A socket with an error is closed instead.
type ExptHandler interface {
	HandleExpt(ch *Channel) error
}

// ConnectHandler is a Dispatcher that is told, once, when Channel.Connect has succeeded. If it
// fails, only HandleClose comes, with the cause.
type ConnectHandler interface {
	HandleConnect(ch *Channel) error
}

// AcceptHandler is a Dispatcher that accepts for itself, with Channel.Accept, when its listening
// socket is readable.
type AcceptHandler interface {
	HandleAccept(ch *Channel) error
}

// AcceptedHandler is a Dispatcher that gets each socket that its listening one accepts, unless it
// is an AcceptHandler too. fd is non-blocking and close-on-exec, and belongs to the handler: to give
// it to Loop.Adopt, for a connection, or to Loop.AddOwned, for a dispatcher, is what is usual. peer
// is a *net.TCPAddr or *net.UnixAddr. An error closes the listening channel, not the accepted one.
type AcceptedHandler interface {
	HandleAccepted(ch *Channel, fd int, peer net.Addr) error
}

// ErrorHandler is a Dispatcher that gets the errors of its other callbacks, and their panics as a
// *PanicError: asyncore's handle_error. What it returns closes the channel, and nil lets it live.
// Without it they all close. What Recv, Send and Connect close for is not shown to it.
type ErrorHandler interface {
	HandleError(ch *Channel, err error) error
}

// phase is what a channel's socket does.
type phase uint8

const (
	phaseOpen       phase = iota // reads and writes by the predicates
	phaseFresh                   // a stream socket that was just made: not polled, for epoll would report a hang-up
	phaseConnecting              // waits for the answer to connect(2)
	phaseListening               // accepts
	phasePaused                  // listens, but accept(2) had no descriptor or no memory: not polled for a while
)

// Channel is a Dispatcher on its loop. Its methods are for the loop's goroutine.
//
// Invariant: on the loop, and at its place there, until gone; in epoll only while it wants an event.
type Channel struct {
	loop      *Loop
	d         Dispatcher
	backoff   backoff // of accepting
	rest      *Timer  // of writing
	fd        int
	at        int // place in loop.channels
	kind      int // SOCK_STREAM, SOCK_DGRAM and so on; 0: no socket
	domain    int // AF_INET, AF_INET6, AF_UNIX
	phase     phase
	connected bool
	resting   bool // writing waits for a timer
	lame      bool // writing is over: what has come is read, and the end of it closes
	gone      bool
	reads     bool   // Readable has said so once
	asked     uint64 // the turn in which Connect was called: that turn's events are of before
	cause     error  // the first cause of closing
}

// Add puts a dispatcher for fd on the loop, from the next round on. The channel owns a duplicate of
// fd, which it closes at its end; the caller keeps fd. O_NONBLOCK is set, which both share
// (dup(2)). It returns ErrClosed after Close, ErrNotPollable for what epoll refuses, such as a
// regular file (epoll_ctl(2), EPERM), or the system call's error.
func (l *Loop) Add(fd int, d Dispatcher) (*Channel, error) {
	if l.refuses() {
		return nil, ErrClosed
	}
	own, err := l.calls.Dup(fd)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return l.AddOwned(own, d)
}

// AddOwned is Add of a descriptor that belongs to the channel from now on, and is closed at once if
// AddOwned returns an error.
func (l *Loop) AddOwned(fd int, d Dispatcher) (*Channel, error) {
	if l.refuses() {
		_ = l.calls.Close(fd)
		return nil, ErrClosed
	}
	ch, err := l.addOwned(fd, d)
	if err != nil {
		_ = l.calls.Close(fd)
	}
	return ch, err
}

func (l *Loop) addOwned(fd int, d Dispatcher) (*Channel, error) {
	if err := l.calls.SetNonblock(fd); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	ch := &Channel{loop: l, fd: fd, d: d}
	ch.look()
	// Polled for reading only to learn whether it can be; the predicates decide before the next round.
	err := l.enlist(ch, unix.EPOLLIN)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("%w: %w", ErrNotPollable, err)
	}
	return ch, err
}

// AddFile is Add of an open file: asyncore's file_dispatcher. f stays the caller's, who may close it
// at once. Its reads and writes are non-blocking from now on too, for both share one open file
// description. It returns f's error if f is closed.
func (l *Loop) AddFile(f *os.File, d Dispatcher) (ch *Channel, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("loop: %w", err)
	}
	// Not f.Fd, which would make it blocking.
	if bad := raw.Control(func(fd uintptr) { ch, err = l.Add(int(fd), d) }); bad != nil {
		return nil, fmt.Errorf("loop: %w", bad)
	}
	return ch, err
}

// refuses tells whether the loop takes no more dispatchers: one that reconnects in HandleClose must not keep it from ending.
func (l *Loop) refuses() bool { return l.epfd < 0 || l.ending || l.drain.forced }

// look finds out what the descriptor is.
func (ch *Channel) look() {
	calls := ch.loop.calls
	kind, err := calls.GetsockoptInt(ch.fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil { // ENOTSOCK
		ch.connected = true
		return
	}
	ch.kind = kind
	if domain, err := calls.GetsockoptInt(ch.fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil {
		ch.domain = domain
	}
	if accepts, err := calls.GetsockoptInt(ch.fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && accepts != 0 {
		ch.phase = phaseListening
	} else if _, err := calls.Getpeername(ch.fd); err == nil {
		ch.connected = true
	}
}

// enlist puts the channel on the loop.
func (l *Loop) enlist(ch *Channel, events uint32) error {
	at, err := l.addChannel(ch, ch.fd, events)
	if err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	ch.at = at
	l.polled++
	return nil
}

// FD returns the channel's descriptor, which is non-blocking and closed by the channel.
func (ch *Channel) FD() int { return ch.fd }

// Loop returns the channel's loop.
func (ch *Channel) Loop() *Loop { return ch.loop }

// Dispatcher returns what the channel's callbacks go to.
func (ch *Channel) Dispatcher() Dispatcher { return ch.d }

// Connected tells whether the descriptor is a connected socket, or no socket at all; Connecting,
// whether Connect waits for the kernel's answer; Accepting, whether it is a listening socket. All
// are false after the channel was closed.
func (ch *Channel) Connected() bool { return ch.connected && !ch.gone }

// Connecting is described at Connected.
func (ch *Channel) Connecting() bool { return ch.phase == phaseConnecting && !ch.gone }

// Accepting is described at Connected.
func (ch *Channel) Accepting() bool { return ch.phase >= phaseListening && !ch.gone }

// Closed tells whether the channel was closed; HandleClose may still be to come.
func (ch *Channel) Closed() bool { return ch.gone }

// Detach takes the channel off the loop alive: asyncore's del_channel. The descriptor is the
// caller's, and no callback comes any more, HandleClose neither. It returns ErrClosed after Close.
func (ch *Channel) Detach() (fd int, err error) {
	if ch.gone {
		return -1, ErrClosed
	}
	ch.unlist()
	return ch.fd, nil
}

// Close takes the channel off the loop; HandleClose follows in this turn or the next, with a nil
// cause unless another came first. No other callback comes after Close. Idempotent.
func (ch *Channel) Close() { ch.shut(nil) }

// CloseCause is Close with a cause for HandleClose.
func (ch *Channel) CloseCause(cause error) { ch.shut(cause) }

// askDispatchers brings every dispatcher's interest up to date. After a panic it goes on behind the one that panicked.
func (l *Loop) askDispatchers() {
	for l.askAt < len(l.channels) {
		at := l.askAt
		l.askAt++
		ch, ok := l.channels[at].handler.(*Channel)
		if !ok {
			continue
		}
		l.curChannel = ch
		events := ch.wanted()
		if ch.gone { // by a predicate
			continue
		}
		if err := l.setChannel(at, events); err != nil {
			ch.shut(os.NewSyscallError("epoll_ctl", err))
		}
	}
	l.leave()
}

func (ch *Channel) wanted() (events uint32) {
	switch ch.phase {
	case phaseFresh, phasePaused:
		return 0
	case phaseConnecting:
		return unix.EPOLLOUT
	case phaseListening:
		if ch.d.Readable() {
			events = unix.EPOLLIN
		}
		return events
	}
	if ch.d.Readable() {
		ch.reads = true
		events |= unix.EPOLLIN
		if _, ok := ch.d.(ExptHandler); ok && !ch.lame {
			events |= unix.EPOLLPRI
		}
	}
	if !ch.gone && !ch.lame && !ch.resting && ch.d.Writable() {
		events |= unix.EPOLLOUT
	}
	return events
}

func (ch *Channel) ready(events uint32) {
	ch.loop.curChannel = ch
	if err := ch.handle(events); err != nil {
		ch.failed(err)
	}
}

// handle calls what the events ask for, until one fails or closes the channel.
func (ch *Channel) handle(events uint32) (err error) {
	switch ch.phase {
	case phaseFresh, phasePaused: // the event is of before
		return nil
	case phaseListening:
		return ch.acceptable()
	case phaseConnecting:
		if ch.asked == ch.loop.stats.Turns || !ch.finishConnect() {
			return nil
		}
		if h, ok := ch.d.(ConnectHandler); ok {
			err = h.HandleConnect(ch)
		}
	}
	if h, ok := ch.d.(ExptHandler); ok && err == nil && events&unix.EPOLLPRI != 0 && !ch.gone && !ch.broken() {
		err = h.HandleExpt(ch)
	}
	const readEvents = unix.EPOLLIN | unix.EPOLLHUP | unix.EPOLLERR
	if err == nil && !ch.gone && events&readEvents != 0 && ch.d.Readable() && !ch.gone {
		err = ch.d.HandleRead(ch)
	}
	if err == nil && !ch.gone && events&(unix.EPOLLOUT|unix.EPOLLERR) != 0 && !ch.lame && !ch.resting && ch.d.Writable() && !ch.gone {
		err = ch.d.HandleWrite(ch)
	}
	if err == nil && !ch.gone && events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 && !ch.lame && !ch.d.Readable() && !ch.gone {
		ch.hangUp()
	}
	return err
}

// socketError takes the error that the socket has, if it has one.
func (ch *Channel) socketError() error {
	if ch.kind == 0 {
		return nil
	}
	errno, err := ch.loop.calls.GetsockoptInt(ch.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	return err
}

// broken closes the channel if its socket has an error, and tells whether it did.
func (ch *Channel) broken() bool {
	if err := ch.socketError(); err != nil {
		ch.shut(os.NewSyscallError("getsockopt", err))
	}
	return ch.gone
}

// hangUp deals with an event that a channel that does not read would have for ever.
func (ch *Channel) hangUp() {
	err := ch.socketError()
	switch {
	case ch.datagrams(): // of one that was sent before, and gone with the look
	case ch.limp():
		ch.cause = os.NewSyscallError("write", err)
	case err != nil:
		ch.shut(os.NewSyscallError("write", err))
	default:
		ch.shut(unix.EPIPE)
	}
}

// limp ends writing, and tells whether bytes that have come are still to be read: then the channel lives until they are.
func (ch *Channel) limp() bool {
	if n, err := ch.loop.calls.Unread(ch.fd); err == nil && n == 0 || err != nil && ch.kind == 0 {
		return false
	}
	ch.lame = true
	if !ch.reads { // one that never reads would live for ever
		ch.rest = ch.loop.After(ch.loop.opts.DrainTimeout, func() {
			if !ch.reads {
				ch.shut(ch.writeError())
			}
		})
	}
	return true
}

// failed deals with the error of a callback.
func (ch *Channel) failed(err error) {
	if ch.lame && ch.cause != nil && errors.Is(err, ch.cause) {
		return // told by the Send that failed; there is more to read
	}
	if h, ok := ch.d.(ErrorHandler); ok && !ch.gone {
		err = ch.askError(h, err)
	}
	if err != nil {
		ch.shut(err)
	}
}

// askError calls HandleError, which may panic in its turn.
func (ch *Channel) askError(h ErrorHandler, err error) (verdict error) {
	defer func() {
		if v := recover(); v != nil {
			ch.loop.opts.Logger.Error("millrace: panic in HandleError", "panic", v, "first", err)
			verdict = err
		}
	}()
	return h.HandleError(ch, err)
}

func (ch *Channel) shut(cause error) {
	if ch.gone {
		return
	}
	if ch.cause == nil {
		ch.cause = cause
	}
	ch.unlist()
	ch.loop.obituaries = append(ch.loop.obituaries, ch)
}

// unlist takes the channel off the loop; its descriptor stays open.
func (ch *Channel) unlist() {
	ch.gone = true
	ch.loop.polled--
	_ = ch.loop.setChannel(ch.at, 0) // an error means that it is out already
	ch.loop.clearChannel(ch.at)
	ch.backoff.stop()
	if ch.rest != nil {
		ch.rest.Stop()
	}
}

func (ch *Channel) quit() { ch.shut(ErrShutdown) }

// tellClosed calls HandleClose of the channels that were closed before it began. What a HandleClose closes is told in the next turn,
// so that a client that connects again, and fails at once, cannot keep a turn from ending.
func (l *Loop) tellClosed() {
	if l.toTell < 0 {
		l.toTell = len(l.obituaries)
	}
	for l.toTell > 0 {
		ch := l.obituaries[0]
		l.obituaries = l.obituaries[1:]
		l.toTell--
		l.curChannel = ch
		l.closeLater(ch.fd) // at the end of this turn: HandleClose may use it
		ch.d.HandleClose(ch, ch.cause)
		l.leave()
	}
	if len(l.obituaries) == 0 {
		l.obituaries = nil
	}
}
