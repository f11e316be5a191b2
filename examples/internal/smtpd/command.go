//go:build linux

package smtpd

import (
	"fmt"
	"strings"

	"github.com/millrace-net/millrace/loop"
)

// command obeys a line (RFC 5321 section 4.1.1).
func (s *session) command(c *loop.Conn, line string) error {
	verb, args, _ := strings.Cut(strings.TrimRight(line, " "), " ")
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO":
		return s.greet(c, strings.EqualFold(verb, "EHLO"), args)
	case "MAIL":
		return s.sender(c, args)
	case "RCPT":
		return s.recipient(c, args)
	case "DATA":
		switch {
		case args != "":
			return s.refuse(c, "501 DATA takes nothing")
		case len(s.to) == 0:
			return s.refuse(c, "503 no recipient yet")
		}
		return s.beginMessage(c)
	case "RSET":
		if args != "" {
			return s.refuse(c, "501 RSET takes nothing")
		}
		s.reset()
		return s.reply(c, "250 forgotten")
	case "NOOP":
		return s.reply(c, "250 nothing done")
	case "VRFY":
		if args == "" {
			return s.refuse(c, "501 VRFY whom?")
		}
		return s.reply(c, "252 mail is taken for everybody")
	case "HELP":
		return s.reply(c, "214 EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT")
	case "QUIT":
		return s.last(c, "221 goodbye")
	case "STARTTLS":
		return s.startTLS(c, args)
	case "EXPN", "TURN", "SEND", "SOML", "SAML", "AUTH", "BDAT":
		return s.refuse(c, "502 this server has no "+verb) // RFC 5321, 4.2.4: a command that exists, and is left out here
	}
	return s.refuse(c, "500 no such command")
}

// greet begins a session, or begins it anew.
func (s *session) greet(c *loop.Conn, esmtp bool, name string) error {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return s.refuse(c, "501 who are you?")
	}
	s.reset()
	s.hello, s.esmtp = name, esmtp
	own := s.server.cfg.Name
	if !esmtp {
		return s.reply(c, "250 "+own)
	}
	offers := fmt.Sprintf("250-%s\r\n250-PIPELINING\r\n250-SIZE %d\r\n", own, s.server.cfg.MaxSize)
	if s.server.cfg.TLS != nil && !s.secure {
		offers += "250-STARTTLS\r\n"
	}
	return s.reply(c, offers+"250 8BITMIME")
}

// cutPrefix is strings.CutPrefix without regard to case.
func cutPrefix(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// sender takes MAIL.
func (s *session) sender(c *loop.Conn, args string) error {
	path, ok := cutPrefix(args, "FROM:")
	address, parameters, good := cutPath(path)
	switch {
	case s.hello == "":
		return s.refuse(c, "503 say EHLO first")
	case s.mail:
		return s.refuse(c, "503 there is a sender already")
	case !ok || !good:
		return s.refuse(c, "501 not of the form MAIL FROM:<address>")
	}
	if reply := mailParameters(parameters, s.server.cfg.MaxSize); reply != "" {
		return s.refuse(c, reply)
	}
	s.mail, s.from = true, address
	return s.reply(c, "250 sender taken")
}

// recipient takes RCPT.
func (s *session) recipient(c *loop.Conn, args string) error {
	path, ok := cutPrefix(args, "TO:")
	address, parameters, good := cutPath(path)
	switch {
	case !s.mail:
		return s.refuse(c, "503 no sender yet")
	case !ok || !good:
		return s.refuse(c, "501 not of the form RCPT TO:<address>")
	case !deliverable(address):
		return s.reply(c, "553 no such address")
	case strings.TrimSpace(parameters) != "":
		return s.refuse(c, "555 a parameter is not known")
	case len(s.to) >= MaxRecipients:
		return s.reply(c, "452 too many recipients")
	}
	s.to = append(s.to, strings.Clone(address)) // which does not keep the command it is a part of
	return s.reply(c, "250 recipient taken")
}
