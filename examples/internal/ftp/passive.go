//go:build linux

package ftp

import (
	"fmt"
	"net"
	"strings"
)

// passive answers PASV.
func (s *session) passive() error {
	local, ok := s.conn.LocalAddr().(*net.TCPAddr)
	switch {
	case s.all:
		return s.reply("503 after EPSV ALL comes EPSV")
	case !ok || local.IP.To4() == nil:
		return s.reply("425 not over IPv4: use EPSV")
	}
	port, err := s.listen(local)
	if err != nil {
		return s.reply("425 " + err.Error())
	}
	ip := local.IP.To4()
	return s.reply(fmt.Sprintf("227 Entering Passive Mode (%d,%d,%d,%d,%d,%d)", ip[0], ip[1], ip[2], ip[3], port>>8, port&0xff))
}

// extendedPassive answers EPSV (RFC 2428 section 3).
func (s *session) extendedPassive(arg string) error {
	if strings.EqualFold(arg, "ALL") {
		s.all = true
		return s.reply("200 so be it")
	}
	local, ok := s.conn.LocalAddr().(*net.TCPAddr)
	if !ok {
		return s.reply("425 not over TCP")
	}
	own := "2"
	if local.IP.To4() != nil {
		own = "1"
	}
	if arg != "" && arg != own {
		return s.reply("522 use (" + own + ")")
	}
	port, err := s.listen(local)
	if err != nil {
		return s.reply("425 " + err.Error())
	}
	return s.reply(fmt.Sprintf("229 Entering Extended Passive Mode (|||%d|)", port))
}

// listen listens for a data connection in place of what there was, on the control connection's own address.
func (s *session) listen(local *net.TCPAddr) (port int, err error) {
	s.dropData()
	d := &data{session: s}
	at := net.TCPAddr{IP: local.IP, Zone: local.Zone}
	d.listener, err = s.conn.Loop().Listen("tcp", at.String(), d.accept)
	if err != nil {
		return 0, err
	}
	s.data = d
	d.timer = s.conn.Loop().After(acceptTime, d.late)
	return d.listener.Addr().(*net.TCPAddr).Port, nil
}

// sameHost tells whether two addresses are of one host.
func sameHost(a, b net.Addr) bool {
	x, ok := a.(*net.TCPAddr)
	y, ok2 := b.(*net.TCPAddr)
	return ok && ok2 && x.IP.Equal(y.IP) && x.Zone == y.Zone
}
