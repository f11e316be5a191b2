//go:build linux

package ftp

import (
	"errors"
	"path"
	"strings"

	"github.com/millrace-net/millrace/loop"
)

// session is the handler of a control connection. It is used on its loop's goroutine only.
//
// Invariant: cwd is a clean absolute path; data is nil in the state [nothing].
type session struct {
	server  *server    // immutable
	conn    *loop.Conn // immutable
	user    bool       // USER came, and PASS has to
	in      bool       // both came
	cwd     string
	restart int64 // REST: where the next transfer begins
	all     bool  // EPSV ALL: no other way to a data connection is allowed any more
	data    *data
	quit    string // what to say when the transfer has ended, before the connection closes; "": it goes on
}

const (
	goodbye      = "221 goodbye"
	shuttingDown = "421 shutting down"
)

// Opened implements loop.Opener.
func (s *session) Opened(*loop.Conn) error { return s.reply("220 files, for anonymous") }

// Receive implements loop.Handler.
func (s *session) Receive(_ *loop.Conn, line []byte, found bool) error {
	if !found { // the stream ended amid a command
		return nil
	}
	// Telnet's signals before ABOR (RFC 959 section 4.1.3): IAC IP IAC DM.
	for len(line) > 0 && line[0] >= 0xf0 {
		line = line[1:]
	}
	if len(line) == 0 {
		return nil
	}
	return s.command(string(line))
}

// Oversize implements loop.Oversizer.
func (s *session) Oversize(*loop.Conn) error { return s.reply("500 the line is too long") }

// reply sends a reply; lines but the last have a dash behind the code.
func (s *session) reply(lines string) error {
	return s.conn.PushString(strings.ReplaceAll(lines, "\n", "\r\n") + "\r\n")
}

// busy tells whether a transfer is under way, or waits for its connection.
func (s *session) busy() bool { return s.data != nil && s.data.transfer != nil }

// leave says goodbye, now or behind the reply to the transfer.
func (s *session) leave(reply string) error {
	if s.busy() {
		s.quit = reply
		return nil
	}
	s.dropData()
	err := s.reply(reply)
	s.conn.CloseWhenDone()
	return err
}

// Quit implements loop.Quitter.
func (s *session) Quit(*loop.Conn) error { return s.leave(shuttingDown) }

// Closed implements loop.Closer.
func (s *session) Closed(*loop.Conn, error) { s.dropData() }

// dropData ends what there is of a data connection, without a word.
func (s *session) dropData() {
	if d := s.data; d != nil {
		s.data = nil
		d.drop()
	}
}

// resolve makes a name below the root of a path that a client gave, "." for the root itself. ".." ends at the root.
func (s *session) resolve(arg string) (absolute, name string) {
	absolute = path.Clean("/" + arg)
	if !strings.HasPrefix(arg, "/") {
		absolute = path.Join(s.cwd, arg)
	}
	if absolute == "/" {
		return absolute, "."
	}
	return absolute, absolute[1:]
}

// check reports a broken invariant. Loop's goroutine only.
func (s *session) check() error {
	switch {
	case !path.IsAbs(s.cwd) || path.Clean(s.cwd) != s.cwd:
		return errors.New("ftp: the working directory is " + s.cwd)
	case s.data != nil:
		return s.data.check()
	}
	return nil
}
