//go:build linux

package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// Listener accepts connections, on one socket or on one a loop.
type Listener struct {
	address   net.Addr    // immutable
	path      string      // of a unix socket to remove at the end; immutable
	factory   Factory     // immutable
	balancer  *balancer   // nil: each acceptor keeps what it accepts; immutable
	acceptors []*acceptor // immutable once Listen has returned
	closeOnce sync.Once
}

// acceptor is a listening socket on its loop.
//
// Invariant: gone ⇒ off the loop and no timer; quitMs != 0 and not gone ⇒ the timer runs, or quit does, and the loop's
// drain counts it.
type acceptor struct {
	loop     *Loop
	listener *Listener
	fd       int
	at       int // place in loop.channels
	backoff  backoff
	quitMs   int64 // Close was called, and the queue has to be empty by then; 0: it was not
	gone     bool

	from  unix.RawSockaddrAny // the peer of the connection that is being accepted
	fresh adoption            // and what it is: kept here so that accepting makes no garbage
}

// Addr returns the address that is listened on, with the port that was chosen for port 0. Any goroutine.
func (ln *Listener) Addr() net.Addr { return ln.address }

// Close stops listening: what is in the queue of the kernel is accepted still, then the sockets are
// closed, and the path of a unix socket is removed. Open connections stay. It does not wait. If
// descriptors have run out, or MaxConns are open, the sockets stay for up to Options.DrainTimeout, and
// take more clients meanwhile; what is still queued then is reset, and the log says how much. Idempotent. Any goroutine.
func (ln *Listener) Close() error {
	ln.closeOnce.Do(func() {
		for _, a := range ln.acceptors {
			// ErrClosed: the loop has closed it already.
			_ = a.loop.mail.PutAlways(message{f: a.quit})
		}
	})
	return nil
}

// Listen accepts connections to address on this loop alone. Networks are "tcp", "tcp4", "tcp6" and
// "unix"; port 0 chooses one. The path of a unix socket on which nobody listens any more is
// replaced. A host name is looked up, which may block. The errors are ErrClosed, or wrap ErrOption,
// the resolver's error or the system call's. Any goroutine.
func (l *Loop) Listen(network, address string, factory Factory) (*Listener, error) {
	return listen([]*Loop{l}, network, address, factory, l.opts.Balance)
}

func listen(loops []*Loop, network, address string, factory Factory, balance Balance) (*Listener, error) {
	addrs, err := resolve(context.Background(), network, address, true)
	if err != nil {
		return nil, err
	}
	ln := &Listener{factory: factory}
	sockets := loops
	if len(loops) > 1 && (balance != ReusePort || network == "unix") {
		ln.balancer = newBalancer(loops, balance)
		sockets = loops[:1]
	}
	if len(sockets) > 1 && !loops[0].opts.SharePort {
		// Bound without SO_REUSEPORT once, so that a port in use is noticed.
		fd, err := loops[0].listenSocket(addrs, false)
		if err != nil {
			return nil, fmt.Errorf("loop: listen on %s %s: %w", network, address, err)
		}
		_ = loops[0].calls.Close(fd)
	}
	for _, l := range sockets {
		fd, err := l.listenSocket(addrs, len(sockets) > 1)
		if err != nil {
			ln.abandon()
			return nil, fmt.Errorf("loop: listen on %s %s: %w", network, address, err)
		}
		ln.acceptors = append(ln.acceptors, &acceptor{loop: l, listener: ln, fd: fd})
		if ln.address == nil {
			sa, err := l.calls.Getsockname(fd)
			if err != nil {
				ln.abandon()
				return nil, os.NewSyscallError("getsockname", err)
			}
			ln.address = netAddrOf(sa)
			addrs = []unix.Sockaddr{sa} // the port that was chosen, for the other loops
		}
	}
	if network == "unix" && !strings.HasPrefix(address, "@") {
		ln.path = address
	}
	return ln, ln.start()
}

// removePath removes the path of a unix socket, which has one acceptor.
func (ln *Listener) removePath() {
	if ln.path != "" {
		_ = os.Remove(ln.path) // gone already is as good
	}
}

// abandon closes the sockets of a Listen that failed.
func (ln *Listener) abandon() {
	for _, a := range ln.acceptors {
		_ = a.loop.calls.Close(a.fd)
	}
}

// start hands the sockets to their loops.
func (ln *Listener) start() error {
	for i, a := range ln.acceptors {
		if err := a.loop.mail.PutAlways(message{f: a.begin}); err != nil {
			for _, a := range ln.acceptors[i:] {
				_ = a.loop.calls.Close(a.fd)
			}
			ln.removePath()
			ln.Close()
			return ErrClosed
		}
	}
	return nil
}

// listenSocket makes a socket that listens on the first of addrs that can be bound.
func (l *Loop) listenSocket(addrs []unix.Sockaddr, reusePort bool) (fd int, err error) {
	for _, sa := range addrs {
		if fd, err = l.bind(sa, reusePort); err == nil {
			return fd, nil
		}
		if !errors.Is(err, unix.EAFNOSUPPORT) && !errors.Is(err, unix.EADDRNOTAVAIL) {
			break // a host without IPv6 falls through to IPv4; a port in use is an error
		}
	}
	return -1, err
}

// bind makes a socket that listens on sa.
func (l *Loop) bind(sa unix.Sockaddr, reusePort bool) (int, error) {
	fd, err := l.calls.Socket(family(sa), unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := l.prepare(fd, sa, reusePort); err != nil {
		_ = l.calls.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (l *Loop) prepare(fd int, sa unix.Sockaddr, reusePort bool) error {
	for _, o := range []struct {
		set              bool
		level, opt, want int
	}{
		{family(sa) != unix.AF_UNIX && !l.opts.NoReuseAddr, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
		{reusePort, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1},
		{family(sa) == unix.AF_INET6 && isAny(sa), unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0},
		// Accepted sockets inherit it from the listener, which saves a call for each.
		{family(sa) != unix.AF_UNIX && !l.opts.Nagle, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
	} {
		if o.set {
			if err := l.calls.SetsockoptInt(fd, o.level, o.opt, o.want); err != nil {
				return os.NewSyscallError("setsockopt", err)
			}
		}
	}
	err := l.calls.Bind(fd, sa)
	if u, ok := sa.(*unix.SockaddrUnix); ok && errors.Is(err, unix.EADDRINUSE) && l.removeStale(u) {
		err = l.calls.Bind(fd, sa)
	}
	if err != nil {
		return os.NewSyscallError("bind", err)
	}
	return os.NewSyscallError("listen", l.calls.Listen(fd, l.opts.Backlog))
}

func isAny(sa unix.Sockaddr) bool {
	v6, ok := sa.(*unix.SockaddrInet6)
	return ok && v6.Addr == [16]byte{}
}

// removeStale removes the path of a unix socket that nobody listens on any more.
func (l *Loop) removeStale(sa *unix.SockaddrUnix) bool {
	info, err := os.Lstat(sa.Name)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return false
	}
	probe, err := l.calls.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return false
	}
	defer l.calls.Close(probe)
	return errors.Is(l.calls.Connect(probe, sa), unix.ECONNREFUSED) && os.Remove(sa.Name) == nil
}

// begin puts the acceptor on its loop. Whoever called Listen was told that it listens, so an epoll that is short of memory
// puts it off and does not end it.
func (a *acceptor) begin() {
	a.at, _ = a.loop.addChannel(a, a.fd, 0) // without an interest it cannot fail
	a.resume()
	if a.loop.drain.asked {
		a.quit()
	}
}

// ready accepts within the turn's budget; what is left makes epoll report again.
func (a *acceptor) ready(uint32) { a.accept(a.loop.opts.AcceptBudget) }

// accept takes up to budget connections. It reports false if it pauses, because there is no room or an error lasts.
func (a *acceptor) accept(budget int) bool {
	for ; budget > 0; budget-- {
		target := a.target()
		if target == nil {
			a.pause(ErrTooManyConns)
			return false
		}
		fd, errno := a.loop.calls.Accept(a.fd, &a.from)
		if errno == 0 {
			a.backoff.reset()
			a.fresh = adoption{fd: fd, peer: peerOfRaw(&a.from), factory: a.listener.factory}
			a.place(target)
			continue
		}
		switch sys.OfAccept(errno) {
		case sys.Retry, sys.Skip:
		case sys.Wait:
			return true
		default: // exhausted, or unknown: a listener is never given up for an error of accept
			a.pause(os.NewSyscallError("accept4", errno))
			return false
		}
	}
	return true
}

// target returns this loop, or the one that the balancer names; nil if there is no room.
func (a *acceptor) target() *Loop {
	if b := a.listener.balancer; b != nil {
		return b.pick()
	}
	if a.loop.room() {
		return a.loop
	}
	return nil
}

// place hands the fresh connection to its loop.
func (a *acceptor) place(target *Loop) {
	if b := a.listener.balancer; b != nil {
		target = b.choose(target, &a.fresh.peer)
	}
	if target != a.loop {
		letter := a.fresh // which the other loop reads when it comes to it
		if target.send(&letter) == nil {
			return
		}
	}
	a.loop.conns.Add(1) // the target is this loop, or one that has ended
	a.loop.adopt(&a.fresh)
	a.loop.leave()
}

// pause takes the listener out of epoll for a while: an error that lasts, such as EMFILE, must neither spin nor close the
// listener.
func (a *acceptor) pause(why error) {
	_ = a.loop.setChannel(a.at, 0) // failing, it is out already
	a.backoff.pause(a.loop, a.listener.address, why, a.resume)
}

func (a *acceptor) resume() {
	if a.gone {
		return
	}
	if a.quitMs != 0 {
		a.finish()
		return
	}
	if err := a.loop.setChannel(a.at, unix.EPOLLIN); err != nil {
		a.pause(err)
	}
}

// quit accepts what the kernel has queued, whose clients believe that they are connected, and closes.
func (a *acceptor) quit() {
	if a.gone || a.quitMs != 0 {
		return
	}
	a.quitMs = a.loop.nowMs + ms(a.loop.opts.DrainTimeout)
	a.loop.drain.quits++
	a.finish()
}

// finish empties the queue and closes. What it has no room or descriptors for it comes back to, as after any pause, until
// the time for that is over.
func (a *acceptor) finish() {
	over := true
	defer func() { // a factory may panic
		if !over {
			return
		}
		// Who dials from now on is refused at once: the descriptor is closed at the end of the turn, and that would reset
		// clients that believe they are connected. An error leaves it at that.
		_ = a.loop.calls.Shutdown(a.fd, unix.SHUT_RD)
		a.shut(nil)
	}()
	l := a.loop
	if a.accept(max(l.opts.Backlog, l.opts.AcceptBudget)) {
		return
	}
	waiting, err := l.calls.Waiting(a.fd)
	if err == nil && waiting == 0 { // accept4(2) wants a descriptor before it looks
		return
	}
	if left := a.quitMs - l.nowMs; left > 0 {
		over = false
		a.backoff.within(time.Duration(left) * time.Millisecond)
		return
	}
	lost := slog.Int("reset", waiting)
	if err != nil { // of a unix socket nobody knows
		lost = slog.String("reset", "unknown")
	}
	l.opts.Logger.Warn("millrace: a listener closes on clients that it has no room or no descriptors for",
		"addr", a.listener.address, lost)
}

func (a *acceptor) shut(error) {
	if a.gone {
		return
	}
	a.loop.removeChannel(a.at)
	a.end()
}

func (a *acceptor) end() {
	a.gone = true
	if a.quitMs != 0 {
		a.loop.drain.quits--
	}
	a.backoff.stop()
	a.listener.removePath()
}
