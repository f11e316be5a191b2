//go:build linux

package loop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Listener accepts connections, on one socket or on one a loop.
type Listener struct {
	address   net.Addr    // immutable
	path      socketPath  // of a unix socket; immutable once Listen has returned
	factory   Factory     // immutable
	balancer  *balancer   // nil: each acceptor keeps what it accepts; immutable
	acceptors []*acceptor // immutable once Listen has returned
	closeOnce sync.Once
}

// Addr returns the address that is listened on, with the port that was chosen for port 0. Any goroutine.
func (ln *Listener) Addr() net.Addr { return ln.address }

// Close stops listening: what is in the queue of the kernel is accepted still, then the sockets are
// closed, and the path of a unix socket is removed, unless it is another's by then. Open connections
// stay. It does not wait. While more come than are accepted in a turn, descriptors have run out or
// MaxConns are open, the sockets stay for up to Options.DrainTimeout, and take more clients meanwhile;
// what is still queued then is reset, and the log says how much. A duplicate of a descriptor, such as a
// child process has, does not listen any more either. Idempotent. Any goroutine.
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
		ln.path = boundPath(address)
	}
	return ln, ln.start()
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
			ln.path.remove()
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
