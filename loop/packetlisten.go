//go:build linux

package loop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// ListenPacket receives the datagrams that are sent to address, on this loop alone. Networks are "udp4", "udp6", "udp",
// which takes both where the host is empty, and "unixgram"; port 0 chooses one. The path of a unix socket that nobody has
// open any more is replaced; it is removed at the end. A host name is looked up, which may block. The errors are ErrClosed,
// or wrap ErrOption, the resolver's error or the system call's. What fails later is told to a PacketCloser.
//
// The PacketConn's methods are for the loop's goroutine. Any goroutine may call ListenPacket.
func (l *Loop) ListenPacket(network, address string, h PacketHandler) (*PacketConn, error) {
	if h == nil {
		return nil, errNoHandler
	}
	pcs, err := listenPacket([]*Loop{l}, network, address, func(pc *PacketConn) { pc.handler = h })
	if err != nil {
		return nil, err
	}
	return pcs[0], nil
}

// DialPacket makes a socket that sends to address and receives from it alone. Networks are those of ListenPacket. There
// is no handshake: whether anybody is there shows when something is sent, as ECONNREFUSED, if it shows (a PacketFailer is
// told). A unix socket must be there; this one gets an abstract name, so that it can be answered. A host name is looked up,
// which may block; its first address that has a route is taken. The errors are ErrClosed, or wrap ErrOption, the
// resolver's error or the system call's. Any goroutine.
func (l *Loop) DialPacket(network, address string, h PacketHandler) (*PacketConn, error) {
	if h == nil {
		return nil, errNoHandler
	}
	addrs, err := resolvePacket(network, address, false)
	if err != nil {
		return nil, err
	}
	var pc *PacketConn
	for _, sa := range addrs {
		if pc, err = l.packetSocket(network, sa, (*PacketConn).connect); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("loop: dial %s %s: %w", network, address, err)
	}
	pc.handler = h
	return pc, pc.send()
}

// ListenPacket is Loop.ListenPacket with one socket on each loop, all bound to one address with SO_REUSEPORT: the kernel
// shares senders between them by a hash of the addresses (socket(7)), so that one sender always meets the same loop. factory makes
// a handler for each, on its loop. A "unixgram", which cannot be shared, has one socket, on the first loop. Unless
// Options.SharePort is set, a port that another process has is refused.
func (s *Set) ListenPacket(network, address string, factory PacketFactory) ([]*PacketConn, error) {
	if factory == nil {
		return nil, errNoHandler
	}
	loops := s.loops
	if network == "unixgram" {
		loops = loops[:1]
	}
	return listenPacket(loops, network, address, func(pc *PacketConn) { pc.factory = factory })
}

var errNoHandler = fmt.Errorf("%w: no handler of datagrams", ErrOption)

func listenPacket(loops []*Loop, network, address string, equip func(*PacketConn)) ([]*PacketConn, error) {
	addrs, err := resolvePacket(network, address, true)
	if err != nil {
		return nil, err
	}
	shared := len(loops) > 1
	if shared && !loops[0].opts.SharePort {
		// Bound without SO_REUSEPORT once, so that a port in use is noticed.
		probe, err := loops[0].bindPacket(network, addrs, false)
		if err != nil {
			return nil, fmt.Errorf("loop: listen on %s %s: %w", network, address, err)
		}
		_ = loops[0].calls.Close(probe.fd)
	}
	pcs := make([]*PacketConn, 0, len(loops))
	for _, l := range loops {
		pc, err := l.bindPacket(network, addrs, shared)
		if err != nil {
			abandonPackets(pcs)
			return nil, fmt.Errorf("loop: listen on %s %s: %w", network, address, err)
		}
		equip(pc)
		pcs = append(pcs, pc)
		if len(pcs) == 1 && shared {
			sa, err := l.calls.Getsockname(pc.fd)
			if err != nil {
				abandonPackets(pcs)
				return nil, os.NewSyscallError("getsockname", err)
			}
			addrs = []unix.Sockaddr{sa} // the port that was chosen, for the other loops
		}
	}
	for i, pc := range pcs {
		if err := pc.send(); err != nil {
			abandonPackets(pcs[i+1:])
			for _, pc := range pcs[:i] {
				_ = pc.loop.mail.PutAlways(message{f: pc.Close}) // ErrClosed: closed already
			}
			return nil, err
		}
	}
	return pcs, nil
}

// abandonPackets closes sockets that have not come to their loops.
func abandonPackets(pcs []*PacketConn) {
	for _, pc := range pcs {
		_ = pc.loop.calls.Close(pc.fd)
		pc.path.remove()
	}
}

// send hands the socket to its loop.
func (pc *PacketConn) send() error {
	if pc.loop.mail.PutAlways(message{f: pc.start}) != nil {
		abandonPackets([]*PacketConn{pc})
		return ErrClosed
	}
	return nil
}

// resolvePacket is resolve for the networks of datagrams.
func resolvePacket(network, address string, listen bool) ([]unix.Sockaddr, error) {
	switch network {
	case "unixgram":
		return resolve(context.Background(), "unix", address, listen)
	case "udp", "udp4", "udp6":
	default:
		return nil, fmt.Errorf("%w: network %q, not udp, udp4, udp6 or unixgram", ErrOption, network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOption, err)
	}
	port, err := net.DefaultResolver.LookupPort(context.Background(), network, service) // services differ from TCP's
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOption, err)
	}
	stream := "tcp" + strings.TrimPrefix(network, "udp")
	return resolve(context.Background(), stream, net.JoinHostPort(host, strconv.Itoa(port)), listen)
}

// bindPacket makes a socket that is bound to the first of addrs that can be.
func (l *Loop) bindPacket(network string, addrs []unix.Sockaddr, reusePort bool) (pc *PacketConn, err error) {
	for _, sa := range addrs {
		pc, err = l.packetSocket(network, sa, func(pc *PacketConn, sa unix.Sockaddr) error { return pc.bind(sa, reusePort) })
		if !errors.Is(err, unix.EAFNOSUPPORT) && !errors.Is(err, unix.EADDRNOTAVAIL) {
			break // a host without IPv6 falls through to IPv4; a port in use is an error
		}
	}
	return pc, err
}

// bind binds the socket to sa, if need be after removing the path of a unix socket that nobody has open any more.
func (pc *PacketConn) bind(sa unix.Sockaddr, reusePort bool) error {
	calls := pc.loop.calls
	// Of sockets with SO_REUSEPORT the kernel takes the port of another as free when it chooses one.
	chooses := port(sa) == 0
	share := func() error {
		return os.NewSyscallError("setsockopt", calls.SetsockoptInt(pc.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	}
	if reusePort && !chooses {
		if err := share(); err != nil {
			return err
		}
	}
	err := calls.Bind(pc.fd, sa)
	u, ok := sa.(*unix.SockaddrUnix)
	if ok && errors.Is(err, unix.EADDRINUSE) && pc.loop.removeStaleDatagram(u) {
		err = calls.Bind(pc.fd, sa)
	}
	if ok && err == nil && !strings.HasPrefix(u.Name, "@") {
		pc.path = boundPath(u.Name)
	}
	if err == nil && reusePort && chooses {
		return share()
	}
	return os.NewSyscallError("bind", err)
}

func port(sa unix.Sockaddr) int {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return sa.Port
	case *unix.SockaddrInet6:
		return sa.Port
	}
	return -1
}

// removeStaleDatagram removes the path of a unix datagram socket that nobody has open any more.
func (l *Loop) removeStaleDatagram(sa *unix.SockaddrUnix) bool {
	info, err := os.Lstat(sa.Name)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return false
	}
	probe, err := l.calls.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return false
	}
	defer l.calls.Close(probe)
	return errors.Is(l.calls.Connect(probe, sa), unix.ECONNREFUSED) && os.Remove(sa.Name) == nil
}

// connect binds a unix socket to a name that the kernel chooses (unix(7), "Autobind feature"), and connects.
func (pc *PacketConn) connect(sa unix.Sockaddr) error {
	calls := pc.loop.calls
	if pc.family == unix.AF_UNIX {
		if err := calls.Bind(pc.fd, &unix.SockaddrUnix{}); err != nil {
			return os.NewSyscallError("bind", err)
		}
	}
	err := calls.Connect(pc.fd, sa)
	for errors.Is(err, unix.EINTR) {
		err = calls.Connect(pc.fd, sa)
	}
	if err != nil && sys.OfConnect(err) != sys.Wait {
		return os.NewSyscallError("connect", err)
	}
	if remote, err := calls.Getpeername(pc.fd); err == nil {
		sa = remote // 0.0.0.0 has become this host
	}
	pc.remote = peerOfSockaddr(sa)
	return nil
}

// attachment binds or connects a socket.
type attachment func(pc *PacketConn, sa unix.Sockaddr) error

// packetSocket makes a socket of the family of sa, bound or connected by attach.
func (l *Loop) packetSocket(network string, sa unix.Sockaddr, attach attachment) (*PacketConn, error) {
	fd, err := l.calls.Socket(family(sa), unix.SOCK_DGRAM, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	pc := &PacketConn{loop: l, network: network, family: uint16(family(sa)), fd: fd, at: -1}
	if err := pc.prepare(sa, attach); err != nil {
		abandonPackets([]*PacketConn{pc})
		return nil, err
	}
	return pc, nil
}

// prepare sets the socket's options, binds or connects it, and finds out its addresses.
func (pc *PacketConn) prepare(sa unix.Sockaddr, attach attachment) error {
	calls := pc.loop.calls
	if pc.family == unix.AF_INET6 {
		pc.v6only = pc.network == "udp6" || !isAny(sa)
		only := 0
		if pc.v6only {
			only = 1
		}
		if err := calls.SetsockoptInt(pc.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if pc.family != unix.AF_UNIX && !pc.loop.opts.NoOffload {
		// A kernel that does not know them refuses: then they are not used.
		pc.gro = calls.SetsockoptInt(pc.fd, unix.SOL_UDP, unix.UDP_GRO, 1) == nil
		if _, err := calls.GetsockoptInt(pc.fd, unix.SOL_UDP, unix.UDP_SEGMENT); err == nil {
			pc.segment = maxSegmented
		}
	}
	if err := attach(pc, sa); err != nil {
		return err
	}
	local, err := calls.Getsockname(pc.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	pc.local = datagramAddr(local)
	return nil
}
