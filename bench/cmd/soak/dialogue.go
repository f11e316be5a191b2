//go:build linux

package main

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
)

// dialogue is the client's side of a protocol of commands and numbered replies, as SMTP and FTP are.
type dialogue struct {
	talk  *conversation
	conn  net.Conn
	lines *bufio.Reader
}

// newDialogue connects by a proxy, or straight, and takes the greeting.
func newDialogue(c *conversation, addr string, straight bool) (*dialogue, error) {
	dial := c.dialThrough
	if straight {
		dial = c.dial
	}
	nc, err := dial(addr)
	if err != nil {
		return nil, err
	}
	d := &dialogue{talk: c, conn: nc, lines: bufio.NewReader(nc)}
	_, err = d.reply(220)
	return d, err
}

// ask sends a command and returns the text of the reply, which has to have this code.
func (d *dialogue) ask(code int, format string, args ...any) (string, error) {
	if _, err := fmt.Fprintf(d.conn, format+"\r\n", args...); err != nil {
		return "", err
	}
	return d.reply(code)
}

// reply reads a reply to its last line, whose text it returns.
func (d *dialogue) reply(code int) (string, error) {
	for {
		line, err := d.lines.ReadString('\n')
		if err != nil {
			return "", err
		}
		if len(line) < 6 || line[len(line)-2] != '\r' || line[3] != ' ' && line[3] != '-' {
			return "", wrong("%q is no reply", line)
		}
		got, err := strconv.Atoi(line[:3])
		if err != nil {
			return "", wrong("%q is no reply", line)
		}
		if line[3] == '-' {
			continue
		}
		if got != code { // what was cut short may be refused
			return "", fmt.Errorf("%q instead of %d", line, code)
		}
		d.talk.answers++
		return line[4 : len(line)-2], nil
	}
}

// quit says goodbye.
func (d *dialogue) quit() error {
	if _, err := d.ask(221, "QUIT"); err != nil {
		return err
	}
	return expectEnd(d.lines)
}
