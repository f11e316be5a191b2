//go:build linux

package smtpd

import (
	"crypto/tls"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// startTLS takes STARTTLS (RFC 3207). Its reply is not pushed: it leaves when it is certain that nothing came behind
// the command.
func (s *session) startTLS(c *loop.Conn, args string) error {
	switch {
	case s.server.cfg.TLS == nil:
		return s.refuse(c, "502 this server has no STARTTLS")
	case s.secure:
		return s.refuse(c, "503 this is TLS already")
	case args != "":
		return s.refuse(c, "501 STARTTLS takes nothing")
	case !s.server.bridges.take():
		return s.reply(c, "454 too many speak TLS") // who goes on without is welcome to (RFC 3207 section 4)
	}
	s.taken = true
	server, l := s.server, c.Loop()
	return c.Detach(func(fd int, rest []byte) {
		switch {
		case len(rest) > 0: // who sent it may be another than who will speak TLS
			turnAway(l, fd, "554 nothing may follow STARTTLS")
		default:
			s.taken = false
			server.bridges.run(func() { server.secure(l, fd) })
		}
	})
}

// turnAway says line on a detached connection, and closes it: on the loop again, so that the line is not lost with
// what the peer has sent and nobody reads.
func turnAway(l *loop.Loop, fd int, line string) {
	// An error means that the loop ends or is full: fd is closed then, which has to do.
	_ = l.Adopt(fd, func(c *loop.Conn) loop.Handler { return farewell(line) })
}

// farewell is the handler of a connection that is told this line and no more.
type farewell string

// Opened implements loop.Opener.
func (f farewell) Opened(c *loop.Conn) error {
	err := c.PushString(string(f) + "\r\n")
	c.CloseWhenDone()
	return err
}

// Receive implements loop.Handler.
func (farewell) Receive(*loop.Conn, []byte, bool) error { return nil }

// secure speaks TLS with the client at fd, and has a session of its own for it on l: nothing that the client said
// before is known there (RFC 3207 section 4.2). It returns when both have ended.
func (s *Server) secure(l *loop.Loop, fd int) {
	outer, err := connOf(fd)
	if err != nil {
		return // no descriptors; the client sees the end of the stream
	}
	defer outer.Close()
	s.bridges.enter(outer)
	defer s.bridges.leave(outer)
	s.bridges.allow(outer.SetDeadline, s.bridges.handshake)
	if _, err := io.WriteString(outer, "220 go ahead\r\n"); err != nil {
		return
	}
	client := tls.Server(outer, s.cfg.TLS)
	if err := client.Handshake(); err != nil {
		return // the client was told by an alert, or has gone
	}
	s.bridges.allow(outer.SetDeadline, 0)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	inner, err := connOf(pair[1])
	if err != nil {
		_ = unix.Close(pair[0])
		return
	}
	defer inner.Close()
	if l.Adopt(pair[0], s.openSecure) == nil {
		s.join(client, outer, inner.(*net.UnixConn))
	}
}

// openSecure is the loop.Factory of the session behind a bridge.
func (s *Server) openSecure(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.CRLF)
	return &session{server: s, secure: true}
}

// join passes on what each side sends until both have ended. An end without TLS's own is as good: a message has an
// end of its own.
func (s *Server) join(client *tls.Conn, outer net.Conn, inner *net.UnixConn) {
	came := make(chan struct{})
	go func() {
		defer close(came)
		_, _ = io.Copy(inner, client) // an error is the end of a side, which ends the other
		_ = inner.CloseWrite()
	}()
	if _, err := io.Copy(&timedWriter{client, &s.bridges}, inner); err != nil {
		_ = inner.Close() // the client does not read, and a session that cannot reply may read no more either
		_ = outer.Close()
	} else {
		_ = client.CloseWrite()
	}
	s.bridges.allow(outer.SetDeadline, s.bridges.linger)
	<-came
}

// timedWriter writes to a client that must not wait for ever to read.
type timedWriter struct {
	client *tls.Conn
	of     *bridges
}

func (w *timedWriter) Write(p []byte) (int, error) {
	w.of.allow(w.client.SetWriteDeadline, w.of.stall)
	return w.client.Write(p)
}

// connOf makes a connection of package net of fd, which it closes.
func connOf(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	return net.FileConn(f)
}
