//go:build linux

package loop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// Socket makes a socket for a dispatcher, and puts it on the loop: asyncore's create_socket. It is
// non-blocking and close-on-exec. Networks are "tcp4", "tcp6", "unix", "udp4", "udp6" and "unixgram".
// A stream socket is not polled before Connect or Listen. The errors are ErrClosed, or wrap
// ErrOption or the system call's.
func (l *Loop) Socket(network string, d Dispatcher) (*Channel, error) {
	if l.refuses() {
		return nil, ErrClosed
	}
	family, kind, err := socketType(network)
	if err != nil {
		return nil, err
	}
	fd, err := l.calls.Socket(family, kind, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	ch := &Channel{loop: l, fd: fd, d: d, kind: kind, domain: family}
	if kind == unix.SOCK_STREAM {
		ch.phase = phaseFresh
	}
	if err := l.enlist(ch, 0); err != nil {
		_ = l.calls.Close(fd)
		return nil, err
	}
	return ch, nil
}

// socketType is what socket(2) is told for a network.
func socketType(network string) (family, kind int, err error) {
	switch network {
	case "tcp4":
		return unix.AF_INET, unix.SOCK_STREAM, nil
	case "tcp6":
		return unix.AF_INET6, unix.SOCK_STREAM, nil
	case "unix":
		return unix.AF_UNIX, unix.SOCK_STREAM, nil
	case "udp4":
		return unix.AF_INET, unix.SOCK_DGRAM, nil
	case "udp6":
		return unix.AF_INET6, unix.SOCK_DGRAM, nil
	case "unixgram":
		return unix.AF_UNIX, unix.SOCK_DGRAM, nil
	}
	return 0, 0, fmt.Errorf("%w: network %q, not tcp4, tcp6, unix, udp4, udp6 or unixgram", ErrOption, network)
}

// SetReuseAddr sets SO_REUSEADDR, for Bind to take a port on which connections of an earlier process
// linger (socket(7)). It returns ErrClosed or the system call's error.
func (ch *Channel) SetReuseAddr() error {
	if ch.gone {
		return ErrClosed
	}
	return os.NewSyscallError("setsockopt", ch.loop.calls.SetsockoptInt(ch.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
}

// Bind gives the socket an address, of the form of net.Listen's: host:port, or a path. Nothing is
// removed for it: not the path of a unix socket that is left over either. A host name is looked up,
// which blocks the loop, and its first address taken. The errors are ErrClosed, or wrap ErrOption, the resolver's error or the
// system call's, such as EADDRINUSE.
func (ch *Channel) Bind(address string) error {
	addrs, err := ch.resolve(address, true)
	if err != nil {
		return err
	}
	return os.NewSyscallError("bind", ch.loop.calls.Bind(ch.fd, addrs[0]))
}

// Listen begins to accept: from the next round on HandleAccept or HandleAccepted is called, while
// Readable says so. backlog is bounded by the kernel (listen(2)). It returns ErrClosed or the system
// call's error.
func (ch *Channel) Listen(backlog int) error {
	if ch.gone {
		return ErrClosed
	}
	if err := ch.loop.calls.Listen(ch.fd, backlog); err != nil {
		return os.NewSyscallError("listen", err)
	}
	ch.phase = phaseListening
	return nil
}

// Connect begins to connect to address, of the form of net.Dial's. HandleConnect follows in a later
// round, always, even if the kernel connects at once; or the channel closes with the error of
// connect(2). There is no time limit but the kernel's: set a timer. Of a datagram socket it sets
// the one peer. A host name is looked up, which blocks the loop, and its first address taken:
// Loop.Dial does neither. The errors are ErrClosed, or wrap ErrOption, the resolver's error or the
// system call's; the channel lives on after them.
func (ch *Channel) Connect(address string) error {
	addrs, err := ch.resolve(address, false)
	if err != nil {
		return err
	}
	if err := ch.loop.calls.Connect(ch.fd, addrs[0]); err != nil && sys.OfConnect(err) != sys.Wait {
		return fmt.Errorf("loop: connect to %s: %w", address, os.NewSyscallError("connect", err))
	}
	ch.phase, ch.asked = phaseConnecting, ch.loop.stats.Turns
	return nil
}

// resolve looks up an address of the channel's family.
func (ch *Channel) resolve(address string, listen bool) ([]unix.Sockaddr, error) {
	if ch.gone {
		return nil, ErrClosed
	}
	network := ""
	switch ch.domain {
	case unix.AF_INET:
		network = "tcp4"
	case unix.AF_INET6:
		network = "tcp6"
	case unix.AF_UNIX:
		network = "unix"
	}
	return resolve(context.Background(), network, address, listen)
}

// finishConnect looks how connect(2) ended, and tells whether the channel is connected.
func (ch *Channel) finishConnect() bool {
	if err := ch.socketError(); err != nil {
		ch.shut(os.NewSyscallError("connect", err))
		return false
	}
	ch.phase, ch.connected = phaseOpen, true
	return true
}

// acceptable calls what accepts, once a round.
func (ch *Channel) acceptable() error {
	if !ch.d.Readable() || ch.gone {
		return nil
	}
	if h, ok := ch.d.(AcceptHandler); ok {
		return h.HandleAccept(ch)
	}
	fd, peer, err := ch.Accept()
	if fd < 0 || err != nil {
		return err
	}
	if h, ok := ch.d.(AcceptedHandler); ok {
		return h.HandleAccepted(ch, fd, peer)
	}
	ch.loop.opts.Logger.Warn("millrace: a dispatcher has no handler for what it accepts", "peer", peer)
	return os.NewSyscallError("close", ch.loop.calls.Close(fd))
}

// Accept takes a connection from the queue of a listening socket. fd is non-blocking and
// close-on-exec, and the caller's; -1 means that there is none now, as when the peer has gone again
// (ECONNABORTED). If descriptors or memory have run out the channel is not polled for 5 to 500 ms,
// and the answer is -1 too. It returns ErrClosed, or accept4(2)'s error if the channel does not
// listen.
func (ch *Channel) Accept() (fd int, peer net.Addr, err error) {
	if ch.gone {
		return -1, nil, ErrClosed
	}
	var from unix.RawSockaddrAny
	fd, errno := ch.loop.calls.Accept(ch.fd, &from)
	if errno == 0 {
		ch.backoff.reset()
		return fd, peerOfRaw(&from).netAddr(), nil
	}
	err = os.NewSyscallError("accept4", errno)
	switch action := sys.OfAccept(errno); {
	case action == sys.Retry, action == sys.Skip, action == sys.Wait: // if more wait, the next round comes at once
		return -1, nil, nil
	case ch.phase != phaseListening, errno == unix.EBADF, errno == unix.EINVAL, errno == unix.ENOTSOCK:
		return -1, nil, err // of the call, and for ever
	}
	ch.phase = phasePaused
	ch.backoff.pause(ch.loop, ch.LocalAddr(), err, ch.resumeAccepting)
	return -1, nil, nil
}

func (ch *Channel) resumeAccepting() {
	if ch.phase == phasePaused {
		ch.phase = phaseListening
	}
}

// Recv reads into p: recv(2) of a socket, read(2) of another descriptor. It returns 0 and no error
// when nothing is there now. At the end of the stream it returns io.EOF, and for an error what the
// system call says; either closes the channel, with it as the cause, so that nothing spins. A datagram
// that is longer than p is cut, and an error of a datagram socket, such as ECONNREFUSED for what was
// sent before, does not close it. An empty datagram, too, is 0 and no error. An empty p reads nothing.
func (ch *Channel) Recv(p []byte) (int, error) {
	if ch.gone {
		return 0, ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	read := ch.loop.calls.Read
	if ch.kind == 0 {
		read = ch.loop.calls.ReadFile
	}
	for {
		n, errno := read(ch.fd, p)
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			return 0, nil
		case errno != 0:
			return 0, ch.transferFailed("read", errno)
		case n == 0 && !ch.datagrams():
			ch.shut(io.EOF)
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Send writes p: send(2) to a socket, write(2) to another descriptor. It returns how many bytes were
// taken, which may be fewer, and 0 without an error when there is no room now. An error closes the
// channel, as one of Recv does: EPIPE after the peer has gone. But if the peer has sent bytes before it
// went, they are read first: the channel writes no more, later calls return the same error, and Recv
// closes it at the end of what came. A datagram is sent whole or not at all.
func (ch *Channel) Send(p []byte) (int, error) {
	if ch.gone {
		return 0, ErrClosed
	}
	if len(p) == 0 && !ch.datagrams() {
		return 0, nil
	}
	if ch.lame {
		return 0, ch.writeError()
	}
	write := ch.loop.calls.Output.Write
	if ch.kind == 0 {
		write = ch.loop.calls.WriteFile
	}
	for {
		n, errno := write(ch.fd, p)
		switch errno {
		case 0:
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		case unix.ENOBUFS:
			if ch.datagrams() {
				ch.restWriting()
				return 0, nil
			}
			fallthrough
		default:
			return 0, ch.transferFailed("write", errno)
		}
	}
}

// restWriting has the dispatcher not write for a while. A queue that is full may be a network interface's and not the socket's, which
// then stays writable for epoll: it would spin.
func (ch *Channel) restWriting() {
	ch.resting = true
	if ch.rest == nil {
		ch.rest = ch.loop.After(minBackoff, func() { ch.resting = false })
	} else {
		ch.rest.Reset(minBackoff)
	}
}

// datagrams tells whether what is sent and received stands alone, and no end of a stream comes.
func (ch *Channel) datagrams() bool {
	return ch.kind == unix.SOCK_DGRAM || ch.kind == unix.SOCK_RAW || ch.kind == unix.SOCK_RDM
}

// transferFailed closes the channel, unless it is of datagrams, or has something to read still.
func (ch *Channel) transferFailed(call string, errno unix.Errno) error {
	err := os.NewSyscallError(call, errno)
	switch {
	case ch.datagrams():
	case call == "write" && (errno == unix.EPIPE || errno == unix.ECONNRESET) && ch.limp():
		ch.cause = err
	default:
		ch.shut(err)
	}
	return err
}

// writeError is what ended writing.
func (ch *Channel) writeError() error {
	if ch.cause != nil {
		return ch.cause
	}
	return unix.EPIPE
}

// RecvFrom is Recv of a datagram, with its sender: a *net.UDPAddr, a *net.UnixAddr, or nil if that
// has no name. from is nil, and n 0, if there is none now. It allocates the address.
func (ch *Channel) RecvFrom(p []byte) (n int, from net.Addr, err error) {
	if ch.gone {
		return 0, nil, ErrClosed
	}
	for {
		n, sa, err := ch.loop.calls.RecvFrom(ch.fd, p)
		switch {
		case err == nil:
			return n, ch.address(sa), nil
		case errors.Is(err, unix.EAGAIN):
			return 0, nil, nil
		case !errors.Is(err, unix.EINTR):
			return 0, nil, os.NewSyscallError("recvfrom", err)
		}
	}
}

// SendTo sends p as one datagram to a *net.UDPAddr or *net.UnixAddr, such as RecvFrom returns. sent is
// false without an error when there is no room now. The errors are ErrClosed, or wrap ErrOption or the
// system call's; the channel lives on after them.
func (ch *Channel) SendTo(p []byte, to net.Addr) (sent bool, err error) {
	if ch.gone {
		return false, ErrClosed
	}
	sa, err := ch.sockaddr(to)
	if err != nil {
		return false, err
	}
	for {
		err := ch.loop.calls.SendTo(ch.fd, p, sa)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.ENOBUFS):
			ch.restWriting()
			return false, nil
		case errors.Is(err, unix.EAGAIN):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, os.NewSyscallError("sendto", err)
		}
	}
}

// sockaddr is the socket address of one of package net. A socket of IPv6 reaches IPv4 by addresses that are mapped (ipv6(7)).
func (ch *Channel) sockaddr(addr net.Addr) (unix.Sockaddr, error) {
	switch a := addr.(type) {
	case *net.UDPAddr:
		at := a.AddrPort()
		if ip := at.Addr(); ip.Unmap().Is4() && ch.domain == unix.AF_INET6 {
			return &unix.SockaddrInet6{Port: a.Port, Addr: ip.As16()}, nil
		}
		return sockaddr(at.Addr(), int(at.Port()))
	case *net.UnixAddr:
		return &unix.SockaddrUnix{Name: a.Name}, nil
	}
	return nil, fmt.Errorf("%w: an address of type %T, not *net.UDPAddr or *net.UnixAddr", ErrOption, addr)
}

// RecvUrgent takes the urgent byte of a TCP socket. ok is false if there is none, or it has not come
// yet. It returns ErrClosed or recv(2)'s error.
func (ch *Channel) RecvUrgent() (b byte, ok bool, err error) {
	if ch.gone {
		return 0, false, ErrClosed
	}
	var p [1]byte
	n, err := ch.loop.calls.RecvOOB(ch.fd, p[:])
	for err == unix.EINTR {
		n, err = ch.loop.calls.RecvOOB(ch.fd, p[:])
	}
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINVAL) { // announced only; or none, or taken already
		return 0, false, nil
	}
	return p[0], n == 1, os.NewSyscallError("recv", err)
}

// SendUrgent sends b as TCP's urgent byte. sent is false without an error when there is no room now.
// It returns ErrClosed or send(2)'s error.
func (ch *Channel) SendUrgent(b byte) (sent bool, err error) {
	if ch.gone {
		return false, ErrClosed
	}
	err = ch.loop.calls.SendOOB(ch.fd, []byte{b})
	for err == unix.EINTR {
		err = ch.loop.calls.SendOOB(ch.fd, []byte{b})
	}
	if errors.Is(err, unix.EAGAIN) {
		return false, nil
	}
	return err == nil, os.NewSyscallError("send", err)
}

// LocalAddr returns the address of this side: a *net.TCPAddr, *net.UDPAddr or *net.UnixAddr; nil if
// there is none, or after the channel was closed.
func (ch *Channel) LocalAddr() net.Addr { return ch.name(ch.loop.calls.Getsockname) }

// RemoteAddr returns the peer's address, likewise; nil if there is no peer.
func (ch *Channel) RemoteAddr() net.Addr { return ch.name(ch.loop.calls.Getpeername) }

func (ch *Channel) name(get func(fd int) (unix.Sockaddr, error)) net.Addr {
	if ch.gone || ch.kind == 0 {
		return nil
	}
	sa, err := get(ch.fd)
	if err != nil {
		return nil
	}
	return ch.address(sa)
}

// address is a socket address as package net has it.
func (ch *Channel) address(sa unix.Sockaddr) net.Addr {
	addr := netAddrOf(sa)
	if !ch.datagrams() {
		return addr
	}
	switch a := addr.(type) {
	case *net.TCPAddr:
		return &net.UDPAddr{IP: a.IP, Port: a.Port, Zone: a.Zone}
	case *net.UnixAddr:
		if a.Name == "" {
			return nil
		}
		return &net.UnixAddr{Net: "unixgram", Name: a.Name}
	}
	return addr
}
