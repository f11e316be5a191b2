//go:build linux

package smtpd

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// messageEnd ends a message; its first CR LF is the end of the last line.
var messageEnd = match.MustLiteral("\r\n.\r\n")

// oneByte ends each of the first bytes of a message.
var oneByte = func() match.Terminator {
	t, err := match.Count(1)
	if err != nil {
		panic(err) // the count is constant
	}
	return t
}()

// What a session is amid.
type phase uint8

const (
	phaseCommand phase = iota
	phaseFirst         // the first bytes of a message
	phaseText          // the rest of it
	phaseSaving        // suspended
)

// session is the handler of one connection. It is used on its loop's goroutine only.
//
// Invariant: to is empty unless mail is set, and mail not set unless the client has said hello; message is in use in phaseFirst and
// phaseText, and zero else.
type session struct {
	server  *Server // immutable
	phase   phase
	hello   string // what the client calls itself
	esmtp   bool   // it said EHLO
	secure  bool   // it speaks TLS; immutable
	taken   bool   // it is counted among those who speak TLS, and has not begun to
	mail    bool   // there is a sender, from
	from    string
	to      []string
	message message
	errors  int  // commands refused
	quit    bool // the server is shutting down
}

// Opened implements loop.Opener. A client that speaks TLS was greeted before.
func (s *session) Opened(c *loop.Conn) error {
	if s.secure {
		return nil
	}
	return s.reply(c, "220 "+s.server.cfg.Name+" ESMTP sink")
}

// Receive implements loop.Handler.
func (s *session) Receive(c *loop.Conn, data []byte, found bool) error {
	switch s.phase {
	case phaseFirst:
		for _, b := range data { // one, or none at the end of the stream
			if err := s.first(c, b); err != nil {
				return err
			}
		}
		return nil
	case phaseText:
		return s.text(c, data, found)
	}
	if !found { // the stream ended amid a command
		return nil
	}
	if bytes.ContainsAny(data, "\r\n") {
		return s.bare(c)
	}
	return s.command(c, string(data))
}

// Oversize implements loop.Oversizer: a command is too long.
func (s *session) Oversize(c *loop.Conn) error { return s.refuse(c, "500 the line is too long") }

// reply sends one line.
func (s *session) reply(c *loop.Conn, line string) error { return c.PushString(line + "\r\n") }

// refuse replies to a command that is none, or comes at the wrong time. Who goes on with such is no mail client.
func (s *session) refuse(c *loop.Conn, line string) error {
	if s.errors++; s.errors <= maxErrors {
		return s.reply(c, line)
	}
	return s.last(c, "421 too many errors")
}

// last replies and closes.
func (s *session) last(c *loop.Conn, line string) error {
	err := s.reply(c, line)
	c.CloseWhenDone()
	return err
}

// bare ends a session that may be two in disguise.
func (s *session) bare(c *loop.Conn) error {
	s.message.drop()
	return s.last(c, "554 a bare CR or LF")
}

// tooLong ends a session whose message is far above the limit: it may have no end.
func (s *session) tooLong(c *loop.Conn) error {
	s.message.drop()
	return s.last(c, s.message.refused)
}

// reset forgets the envelope.
func (s *session) reset() { s.mail, s.from, s.to = false, "", nil }

// beginMessage goes on to a message.
func (s *session) beginMessage(c *loop.Conn) error {
	s.phase = phaseFirst
	s.message = message{store: s.server.store, start: true}
	s.message.keep(s.trace())
	c.SetDelivery(loop.Pieces)
	c.SetTerminator(oneByte)
	return s.reply(c, "354 end with a line that is a dot")
}

// trace makes the fields that a last server puts above a message (RFC 5321 section 4.4).
func (s *session) trace() []byte {
	b := fmt.Appendf(nil, "Return-Path: <%s>\r\n", s.from)
	for _, to := range s.to {
		b = fmt.Appendf(b, "Delivered-To: %s\r\n", to)
	}
	with := "SMTP"
	if s.esmtp {
		with = "ESMTP"
	}
	if s.secure {
		with = "ESMTPS" // RFC 3848: TLS is for ESMTP alone
	}
	now := time.Now().Format(time.RFC1123Z)
	return fmt.Appendf(b, "Received: from %s by %s with %s; %s\r\n", s.hello, s.server.cfg.Name, with, now)
}

// first gets one of the first bytes of a message.
func (s *session) first(c *loop.Conn, b byte) error {
	m, max := &s.message, s.server.cfg.MaxSize
	text, end, err := m.first(b, max)
	switch {
	case err != nil:
		return s.bare(c)
	case m.size/2 > max: // of empty lines
		return s.tooLong(c)
	case end:
		return s.endMessage(c)
	case text:
		s.phase = phaseText
		c.SetTerminator(messageEnd)
	default:
		c.SetTerminator(oneByte)
	}
	return nil
}

// text gets a piece of a message.
func (s *session) text(c *loop.Conn, data []byte, found bool) error {
	m, max := &s.message, s.server.cfg.MaxSize
	err := m.text(data, max)
	switch {
	case err != nil || found && m.cr:
		return s.bare(c)
	case m.size/2 > max:
		return s.tooLong(c)
	case found:
		m.endLine(max)
		return s.endMessage(c)
	}
	return nil
}

// endMessage goes back to commands, once the message is on the disk: not before that is the server the one who answers for
// it (RFC 5321 section 6.1).
func (s *session) endMessage(c *loop.Conn) error {
	m := s.message
	s.message = message{}
	s.reset()
	s.phase = phaseCommand
	c.SetDelivery(loop.Whole)
	c.SetTerminator(match.CRLF)
	switch {
	case m.refused != "":
		return s.answer(c, m.refused)
	case m.store == nil:
		return s.answer(c, "250 dropped, as all are")
	}
	s.phase = phaseSaving
	resume := c.Suspend()
	m.store.saving.Go(func() {
		reply := "250 kept"
		m.store.slots <- struct{}{}
		if err := m.store.save(m.file, m.buf); err != nil {
			reply = failure(err)
		}
		<-m.store.slots
		// An error means that the client has gone: it will send the message again, which SMTP allows for.
		_ = resume(func(c *loop.Conn) {
			s.phase = phaseCommand
			if err := s.answer(c, reply); err != nil {
				c.CloseCause(err)
			}
		})
	})
	return nil
}

// answer replies to a message.
func (s *session) answer(c *loop.Conn, line string) error {
	err := s.reply(c, line)
	if s.quit && err == nil {
		err = s.last(c, shuttingDown)
	}
	return err
}

// failure is the reply for an error of the disk.
func failure(err error) string {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return "452 the disk is full"
	}
	return "451 the message cannot be kept"
}

const shuttingDown = "421 shutting down"

// Quit implements loop.Quitter. A message that has begun may end.
func (s *session) Quit(c *loop.Conn) error {
	if s.quit = true; s.phase == phaseCommand {
		return s.last(c, shuttingDown)
	}
	return nil
}

// Closed implements loop.Closer.
func (s *session) Closed(*loop.Conn, error) {
	s.message.drop()
	if s.taken {
		s.server.bridges.give()
	}
}

// check reports a broken invariant. Loop's goroutine only.
func (s *session) check() error {
	switch {
	case len(s.to) > 0 && !s.mail, s.mail && s.hello == "":
		return errors.New("smtpd: a part of the envelope is missing")
	case (s.phase == phaseCommand || s.phase == phaseSaving) && (s.message.start || s.message.buf != nil):
		return errors.New("smtpd: a message outside of its phase")
	}
	return s.message.check()
}
