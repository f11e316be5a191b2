//go:build linux

package chat

import (
	"errors"
	"io"
	"strconv"

	"github.com/millrace-net/millrace/loop"
)

const outside = -1 // member.at of who is in no hall

var tooLong = "* line too long, dropped: the limit is " + strconv.Itoa(MaxLine) + " bytes\n"

// member is the handler of one connection. It is used on its loop's goroutine only.
//
//	[naming] ──good name──▶ [in the hall] ──/quit, Closed──▶ [out]
//
// Invariant: name is empty while naming; at is outside unless in the hall.
type member struct {
	conn *loop.Conn // immutable
	hall *hall      // immutable
	name string
	at   int  // place in hall.members
	held bool // in hall.held
}

// Opened asks for the first line.
func (m *member) Opened(c *loop.Conn) error {
	return c.PushString("* welcome: your first line is your nickname\n")
}

// Receive gets a line, or what was left of one when the stream ended, which counts as a line.
func (m *member) Receive(c *loop.Conn, line []byte, found bool) error {
	switch {
	case len(line) > MaxLine:
		return m.Oversize(c)
	case m.name == "":
		return m.join(c, line)
	case len(line) == 0:
		return nil
	}
	clean(line)
	if line[0] == '/' {
		return m.command(c, line)
	}
	m.hall.say(m, line)
	return nil
}

// clean replaces what could move a terminal's cursor, in place.
func clean(text []byte) {
	for i, b := range text {
		if b < ' ' && b != '\t' || b == 0x7f {
			text[i] = '?'
		}
	}
}

// join lets the member in under name, or says why not.
func (m *member) join(c *loop.Conn, name []byte) error {
	if ok, err := m.rename(c, name); !ok {
		return err
	}
	m.hall.add(m)
	m.hall.tell(m, m.name, "has joined")
	return c.PushString("* hello " + m.name + ": /who, /nick NAME, /me TEXT, /quit; all else goes to the room\n")
}

// rename gives the member another name, or says why not; err is that of the push.
func (m *member) rename(c *loop.Conn, name []byte) (ok bool, err error) {
	if err := checkName(name); err != nil {
		return false, c.PushString("* " + err.Error() + "\n")
	}
	names := &m.hall.room.names
	next := string(name)
	if err := names.claim(next); err != nil {
		return false, c.PushString("* " + next + " " + err.Error() + "\n")
	}
	if m.name != "" {
		names.release(m.name)
	}
	m.name = next
	return true, nil
}

// leave takes the member out of the room and tells the others how. Idempotent.
func (m *member) leave(how string) {
	if m.at == outside {
		return
	}
	m.hall.remove(m)
	m.hall.room.names.release(m.name)
	if !m.hall.closing {
		m.hall.tell(m, m.name, how)
	}
}

// Oversize tells the sender that a line was dropped for its length.
func (m *member) Oversize(c *loop.Conn) error {
	return c.PushString(tooLong)
}

// Quit says goodbye when the server shuts down.
func (m *member) Quit(c *loop.Conn) error {
	m.hall.closing = true
	if err := c.PushString("* the room is closing, goodbye\n"); err != nil {
		return err
	}
	c.CloseWhenDone()
	return nil
}

// Closed tells the others why the member has gone.
func (m *member) Closed(_ *loop.Conn, cause error) {
	switch {
	case cause == nil, errors.Is(cause, io.EOF):
		m.leave("has left")
	case errors.Is(cause, loop.ErrOutputFull):
		m.leave("was too slow")
	case errors.Is(cause, loop.ErrIdle):
		m.leave("was idle for too long")
	default:
		m.leave("has lost the connection")
	}
}
