//go:build linux

package chat

import (
	"bytes"

	"github.com/millrace-net/millrace/loop"
)

// mostNames bounds the answer to /who, which has to fit in the smallest queue of a member.
const mostNames = 100

// command obeys line, which begins with a slash.
func (m *member) command(c *loop.Conn, line []byte) error {
	verb, rest, _ := bytes.Cut(line, []byte(" "))
	switch string(verb) {
	case "/who":
		return m.who(c)
	case "/nick":
		return m.nick(c, rest)
	case "/me":
		if len(rest) > 0 {
			m.hall.act(m, rest)
		}
		return nil
	case "/quit":
		return m.quit(c)
	}
	return c.PushString("* no such command: there are /who, /nick NAME, /me TEXT, /quit\n")
}

// who lists the members of all loops.
func (m *member) who(c *loop.Conn) error {
	h := m.hall
	h.line = append(h.line[:0], "* "...)
	h.line = h.room.names.appendList(h.line, mostNames)
	h.line = append(h.line, '\n')
	return c.Push(h.line)
}

// nick changes the member's name and tells everybody.
func (m *member) nick(c *loop.Conn, name []byte) error {
	old := m.name
	if ok, err := m.rename(c, name); !ok {
		return err
	}
	m.hall.tell(m, old, "is now "+m.name)
	return c.PushString("* you are now " + m.name + "\n")
}

// quit leaves at once; the connection ends when the goodbye has arrived.
func (m *member) quit(c *loop.Conn) error {
	if err := c.PushString("* goodbye\n"); err != nil {
		return err
	}
	m.leave("has left")
	c.CloseWhenDone()
	return nil
}
