//go:build linux

package loop

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// resolve turns a network and address as of net.Dial into socket addresses: "tcp", "tcp4", "tcp6"
// with host:port, "unix" with a path ("@name" is an abstract one, unix(7)). Names are looked up,
// which may block. An empty host listens on every address.
func resolve(ctx context.Context, network, address string, listen bool) ([]unix.Sockaddr, error) {
	switch network {
	case "unix":
		if address == "" || len(address) > 107 {
			return nil, fmt.Errorf("%w: unix socket path of %d bytes, not 1 to 107", ErrOption, len(address))
		}
		return []unix.Sockaddr{&unix.SockaddrUnix{Name: address}}, nil
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, fmt.Errorf("%w: network %q, not tcp, tcp4, tcp6 or unix", ErrOption, network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOption, err)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, network, service)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOption, err)
	}
	if host == "" {
		return anyAddress(network, port, listen), nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip"+strings.TrimPrefix(network, "tcp"), host)
	if err != nil {
		return nil, fmt.Errorf("loop: %w", err)
	}
	all := make([]unix.Sockaddr, 0, len(ips))
	for _, ip := range ips {
		sa, err := sockaddr(ip, port)
		if err != nil {
			return nil, err
		}
		all = append(all, sa)
	}
	return all, nil
}

// anyAddress is the wildcard for listening (one IPv6 socket takes IPv4 too, ipv6(7)) and this host
// for dialling.
func anyAddress(network string, port int, listen bool) []unix.Sockaddr {
	v4, v6 := &unix.SockaddrInet4{Port: port}, &unix.SockaddrInet6{Port: port}
	if !listen {
		v4.Addr, v6.Addr = [4]byte{127, 0, 0, 1}, netip.IPv6Loopback().As16()
	}
	switch network {
	case "tcp4":
		return []unix.Sockaddr{v4}
	case "tcp6":
		return []unix.Sockaddr{v6}
	}
	if listen {
		return []unix.Sockaddr{v6, v4}
	}
	return []unix.Sockaddr{v4, v6}
}

func sockaddr(ip netip.Addr, port int) (unix.Sockaddr, error) {
	if ip = ip.Unmap(); ip.Is4() {
		return &unix.SockaddrInet4{Port: port, Addr: ip.As4()}, nil
	}
	sa := &unix.SockaddrInet6{Port: port, Addr: ip.As16()}
	if zone := ip.Zone(); zone != "" {
		ifi, err := net.InterfaceByName(zone)
		if err != nil {
			return nil, fmt.Errorf("%w: zone %q: %w", ErrOption, zone, err)
		}
		sa.ZoneId = uint32(ifi.Index)
	}
	return sa, nil
}

// literal tells whether resolving address cannot block.
func literal(network, address string) bool {
	if network == "unix" {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return true // an error comes at once
	}
	_, err = netip.ParseAddr(host)
	return err == nil
}

func family(sa unix.Sockaddr) int {
	switch sa.(type) {
	case *unix.SockaddrInet4:
		return unix.AF_INET
	case *unix.SockaddrInet6:
		return unix.AF_INET6
	}
	return unix.AF_UNIX
}
