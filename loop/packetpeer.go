//go:build linux

package loop

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"unique"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Peer names the other side of a datagram: an IP address with its port, or the path of a unix socket. It is a small
// value, four words on 64 bits, that can be compared and be the key of a map; == means the same peer. The zero Peer is
// that to which a socket is connected.
//
// An IPv4 peer is the same whether it reached an IPv4 socket or a dual-stack one (ipv6(7)).
type Peer struct {
	hi, lo uint64 // the address in network order; an IPv4 one in the low half of lo
	rest   uint64 // zone<<32 | port<<16 | kind
	path   unique.Handle[string]
}

func makePeer(kind uint8, hi, lo uint64, port uint16, zone uint32) Peer {
	return Peer{hi: hi, lo: lo, rest: uint64(zone)<<32 | uint64(port)<<16 | uint64(kind)}
}

func (p Peer) kind() uint8  { return uint8(p.rest) }
func (p Peer) port() uint16 { return uint16(p.rest >> 16) }
func (p Peer) zone() uint32 { return uint32(p.rest >> 32) }

// PeerFrom returns the Peer of an IP address and port. The zone of an IPv6 address is the name or the index of an
// interface; looking up a name makes system calls. The error wraps ErrOption. Any goroutine.
func PeerFrom(a netip.AddrPort) (Peer, error) {
	ip := a.Addr().Unmap()
	switch {
	case ip.Is4():
		return peerOf4(ip.As4(), a.Port()), nil
	case !ip.Is6():
		return Peer{}, fmt.Errorf("%w: no address in %v", ErrOption, a)
	}
	zone, err := zoneIndex(ip.Zone())
	if err != nil {
		return Peer{}, err
	}
	return peerOf16(ip.As16(), a.Port(), zone), nil
}

// peerOf4 and peerOf16 are peers of addresses in network order.
func peerOf4(ip [4]byte, port uint16) Peer {
	return makePeer(peerV4, 0, uint64(binary.BigEndian.Uint32(ip[:])), port, 0)
}

func peerOf16(ip [16]byte, port uint16, zone uint32) Peer {
	hi, lo := binary.BigEndian.Uint64(ip[:8]), binary.BigEndian.Uint64(ip[8:])
	if hi == 0 && lo>>32 == 0xffff {
		return makePeer(peerV4, 0, lo&0xffffffff, port, 0)
	}
	return makePeer(peerV6, hi, lo, port, zone)
}

// UnixPeer returns the Peer of a unix socket: its path, or "@name" for an abstract one (unix(7)), 1 to 107 bytes. The
// error wraps ErrOption. Any goroutine.
func UnixPeer(path string) (Peer, error) {
	if path == "" || len(path) > 107 {
		return Peer{}, fmt.Errorf("%w: unix socket path of %d bytes, not 1 to 107", ErrOption, len(path))
	}
	return unixPeer(path), nil
}

// unixPeer is UnixPeer of a path that is good. An interned path that is in use is found without an allocation.
func unixPeer(path string) Peer { return Peer{rest: uint64(peerUnix), path: unique.Make(path)} }

func zoneIndex(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if ifi, err := net.InterfaceByName(zone); err == nil {
		return uint32(ifi.Index), nil
	}
	index, err := strconv.ParseUint(zone, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%w: no interface for zone %q", ErrOption, zone)
	}
	return uint32(index), nil
}

// Named tells whether anything can be sent to the peer by its name: not to the zero Peer, nor to a unix socket that
// was not bound.
func (p Peer) Named() bool {
	return p.kind() != peerNone && (p.kind() != peerUnix || p.path != (unique.Handle[string]{}))
}

// AddrPort returns the address and port of an IP peer; the zero AddrPort of another. It allocates nothing, but for an
// address with a zone, whose name is looked up.
func (p Peer) AddrPort() netip.AddrPort {
	var b [16]byte
	switch p.kind() {
	case peerV4:
		binary.BigEndian.PutUint32(b[:], uint32(p.lo))
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[:4])), p.port())
	case peerV6:
		binary.BigEndian.PutUint64(b[:8], p.hi)
		binary.BigEndian.PutUint64(b[8:], p.lo)
		ip := netip.AddrFrom16(b)
		if p.zone() != 0 {
			ip = ip.WithZone(zoneName(p.zone()))
		}
		return netip.AddrPortFrom(ip, p.port())
	}
	return netip.AddrPort{}
}

// Path returns the path of a unix peer; "" of another, or of one without a name.
func (p Peer) Path() string {
	if p.kind() != peerUnix || !p.Named() {
		return ""
	}
	return p.path.Value()
}

// Addr returns the peer as a *net.UDPAddr or *net.UnixAddr; nil for one without a name. It allocates.
func (p Peer) Addr() net.Addr {
	switch {
	case !p.Named():
		return nil
	case p.kind() == peerUnix:
		return &net.UnixAddr{Net: "unixgram", Name: p.Path()}
	}
	return net.UDPAddrFromAddrPort(p.AddrPort())
}

// String returns the address as Addr prints it, or "-" for a peer without a name.
func (p Peer) String() string {
	if a := p.Addr(); a != nil {
		return a.String()
	}
	return "-"
}

// peerOfName is the sender as the kernel has written it, in size bytes.
func peerOfName(name *unix.RawSockaddrAny, size uint32) Peer {
	if size < 2 { // a socket without a name
		return Peer{rest: uint64(peerUnix)}
	}
	switch name.Addr.Family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return peerOf4(sa.Addr, hostOrder(sa.Port))
	case unix.AF_INET6:
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(name))
		return peerOf16(sa.Addr, hostOrder(sa.Port), sa.Scope_id)
	}
	return peerOfPath((*unix.RawSockaddrUnix)(unsafe.Pointer(name)), int(size)-2)
}

// peerOfSockaddr is the peer of a socket address.
func peerOfSockaddr(sa unix.Sockaddr) Peer {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return peerOf4(sa.Addr, uint16(sa.Port))
	case *unix.SockaddrInet6:
		return peerOf16(sa.Addr, uint16(sa.Port), sa.ZoneId)
	case *unix.SockaddrUnix:
		if sa.Name != "" {
			return unixPeer(sa.Name)
		}
	}
	return Peer{rest: uint64(peerUnix)}
}

// datagramAddr is a socket address as package net has it.
func datagramAddr(sa unix.Sockaddr) net.Addr {
	switch a := netAddrOf(sa).(type) {
	case *net.TCPAddr:
		return &net.UDPAddr{IP: a.IP, Port: a.Port, Zone: a.Zone}
	case *net.UnixAddr:
		return &net.UnixAddr{Net: "unixgram", Name: a.Name}
	}
	return nil
}

// peerOfPath is the peer whose sun_path has n bytes. A path may end with a zero byte; an abstract name begins with one.
func peerOfPath(sa *unix.RawSockaddrUnix, n int) Peer {
	path := unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path[0])), min(n, len(sa.Path)))
	switch {
	case len(path) == 0:
		return Peer{rest: uint64(peerUnix)}
	case path[0] == 0:
		path[0] = '@'
	default:
		for i, b := range path {
			if b == 0 {
				path = path[:i]
				break
			}
		}
	}
	return unixPeer(unsafe.String(&path[0], len(path))) // which keeps a copy of its own
}

// write makes the peer a socket address for a socket of the given family, and returns its size.
func (p Peer) write(name *unix.RawSockaddrAny, family uint16) uint32 {
	switch {
	case p.kind() == peerUnix:
		return p.writePath((*unix.RawSockaddrUnix)(unsafe.Pointer(name)))
	case family == unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		*sa = unix.RawSockaddrInet4{Family: family, Port: hostOrder(p.port())} // the exchange is its own inverse
		binary.BigEndian.PutUint32(sa.Addr[:], uint32(p.lo))
		return unix.SizeofSockaddrInet4
	}
	sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(name))
	*sa = unix.RawSockaddrInet6{Family: family, Port: hostOrder(p.port()), Scope_id: p.zone()}
	hi, lo := p.hi, p.lo
	if p.kind() == peerV4 {
		lo |= 0xffff << 32
	}
	binary.BigEndian.PutUint64(sa.Addr[:8], hi)
	binary.BigEndian.PutUint64(sa.Addr[8:], lo)
	return unix.SizeofSockaddrInet6
}

func (p Peer) writePath(sa *unix.RawSockaddrUnix) uint32 {
	sa.Family = unix.AF_UNIX
	path := p.Path()
	dst := unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path[0])), len(sa.Path))
	n := copy(dst, path)
	if n > 0 && path[0] == '@' {
		dst[0] = 0
	} else if n < len(dst) { // the longest of all has no end
		dst[n] = 0
		n++
	}
	return uint32(2 + n)
}
