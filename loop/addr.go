//go:build linux

package loop

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peer is the address of the other side in as few bytes as it takes, for every idle connection has one.
type peer struct {
	ip   [16]byte
	zone uint32 // interface index of a link-local IPv6 address
	port uint16
	kind uint8
}

const (
	peerNone uint8 = iota
	peerV4
	peerV6
	peerUnix
)

// setPeer changes the peer's address, which RemoteAddr reads on other goroutines.
func (c *Conn) setPeer(p peer) {
	c.loop.addrMu.Lock()
	c.peer = p
	c.loop.addrMu.Unlock()
}

// setFD changes the descriptor, which LocalAddr reads on other goroutines.
func (c *Conn) setFD(fd int) {
	c.loop.addrMu.Lock()
	c.fd = int32(fd)
	c.loop.addrMu.Unlock()
}

func peerOf(sa unix.Sockaddr) (p peer) {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		p.kind, p.port = peerV4, uint16(sa.Port)
		copy(p.ip[:], sa.Addr[:])
	case *unix.SockaddrInet6:
		p.kind, p.port, p.zone = peerV6, uint16(sa.Port), sa.ZoneId
		p.ip = sa.Addr
	case *unix.SockaddrUnix:
		p.kind = peerUnix
	}
	return p
}

// peerOfRaw is peerOf for an address as the kernel writes it, and makes no garbage.
func peerOfRaw(from *unix.RawSockaddrAny) (p peer) {
	switch from.Addr.Family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		p.kind, p.port = peerV4, hostOrder(sa.Port)
		copy(p.ip[:], sa.Addr[:])
	case unix.AF_INET6:
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(from))
		p.kind, p.port, p.zone, p.ip = peerV6, hostOrder(sa.Port), sa.Scope_id, sa.Addr
	case unix.AF_UNIX:
		p.kind = peerUnix
	}
	return p
}

// hostOrder turns a port in network order, as it lies in memory, into a number.
func hostOrder(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return binary.BigEndian.Uint16(b[:])
}

// bytes are what SourceHash hashes: the address without the port.
func (p *peer) bytes() []byte {
	if p.kind == peerV4 {
		return p.ip[:4]
	}
	return p.ip[:]
}

func (p peer) netAddr() net.Addr {
	switch p.kind {
	case peerV4:
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte(p.ip[:4])), p.port))
	case peerV6:
		ip := netip.AddrFrom16(p.ip).Unmap()
		if p.zone != 0 {
			ip = ip.WithZone(zoneName(p.zone))
		}
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, p.port))
	case peerUnix:
		return &net.UnixAddr{Net: "unix"}
	}
	return nil
}

func zoneName(index uint32) string {
	if ifi, err := net.InterfaceByIndex(int(index)); err == nil {
		return ifi.Name
	}
	return strconv.Itoa(int(index))
}

func netAddrOf(sa unix.Sockaddr) net.Addr {
	if u, ok := sa.(*unix.SockaddrUnix); ok {
		return &net.UnixAddr{Net: "unix", Name: u.Name}
	}
	return peerOf(sa).netAddr()
}

// RemoteAddr returns the peer's address: a *net.TCPAddr, or a *net.UnixAddr without a name; nil if
// it is of no such kind. It allocates. Any goroutine, after Closed too.
func (c *Conn) RemoteAddr() net.Addr {
	c.loop.addrMu.Lock()
	p := c.peer
	c.loop.addrMu.Unlock()
	return p.netAddr()
}

// LocalAddr returns the address of this side; nil after Closed. It makes a system call and
// allocates. Any goroutine.
func (c *Conn) LocalAddr() net.Addr {
	l := c.loop
	l.addrMu.Lock() // the descriptor cannot be closed, and so not be another's, while it is held
	defer l.addrMu.Unlock()
	if c.fd < 0 {
		return nil
	}
	sa, err := l.calls.Getsockname(int(c.fd))
	if err != nil {
		return nil
	}
	return netAddrOf(sa)
}
