package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// target is where the server listens.
type target struct {
	family int
	addr   unix.Sockaddr
	host   string // for the Host header
}

// portsEach is how many connections come from one address: a port is needed for each, and the kernel has about 28,000.
const portsEach = 10_000

// parseTarget reads an address. Names are refused, since they may stand for any machine.
func parseTarget(s string) (target, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		if path == "" {
			return target{}, errors.New("unix: needs a path")
		}
		return target{unix.AF_UNIX, &unix.SockaddrUnix{Name: path}, "localhost"}, nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return target{}, fmt.Errorf("%q is neither unix:PATH nor a loopback address with a port: %w", s, err)
	}
	ip := ap.Addr().Unmap()
	switch {
	case !ip.IsLoopback() || ip.Zone() != "":
		return target{}, fmt.Errorf("%s is not a loopback address", s)
	case ap.Port() == 0:
		return target{}, fmt.Errorf("%s has no port", s)
	case ip.Is4():
		return target{unix.AF_INET, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ip.As4()}, s}, nil
	}
	return target{unix.AF_INET6, &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ip.As16()}, s}, nil
}

// source returns the address that connection i has to be bound to, or nil where the kernel may choose. IPv6 has no
// second loopback address, so all its connections share the ports of ::1.
func (t target) source(i int) unix.Sockaddr {
	if t.family != unix.AF_INET || i < portsEach {
		return nil
	}
	return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(1 + i/portsEach)}}
}
