package main

import (
	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// echo sends every byte back.
type echo struct{}

func newEcho(*loop.Conn) loop.Handler { return &echo{} } // a connection begins with the terminator None

// Receive pushes what has come; no terminator is set, so it is what a read has brought.
func (*echo) Receive(c *loop.Conn, data []byte, _ bool) error { return c.Push(data) }

// lines sends every line back.
type lines struct{}

func newLines(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.CRLF)
	return &lines{}
}

// Receive answers one line, or takes note that the peer has gone amid one.
func (*lines) Receive(c *loop.Conn, line []byte, found bool) error {
	if !found {
		return nil
	}
	return c.Push(line[:cap(line)]) // with its end
}
