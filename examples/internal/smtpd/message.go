//go:build linux

package smtpd

import (
	"bytes"
	"errors"
	"os"
)

// bufferBytes is how much of a message is gathered in memory.
const bufferBytes = 64 << 10

// errBare: a CR without an LF, or the other way round.
var errBare = errors.New("smtpd: a bare CR or LF")

// message is the one being received.
//
// Invariant: buf and file are what was received, in that order behind each other, unless refused is set or there is no
// store; then they are empty. cr says that the last byte was CR, which is not in buf yet. lead is at most two bytes from
// the start of a line, which are not in buf yet either.
type message struct {
	store   *store   // nil: nothing is kept
	file    *os.File // what came first, if it was much
	buf     []byte
	size    int64  // bytes of text so far
	line    int    // bytes of the line so far
	lead    []byte // while the first bytes come one by one
	cr      bool
	start   bool   // at the start of a line
	refused string // the reply
}

// first takes the next byte of those before the first line that is neither empty nor a dot. text says that it has begun, and
// that what ends the message is CR LF . CR LF from now on; end, that the message has ended.
func (m *message) first(b byte, max int64) (text, end bool, err error) {
	m.lead = append(m.lead, b)
	switch string(m.lead) {
	case "\r", ".", ".\r":
		return false, false, nil
	case ".\r\n":
		return false, true, nil
	}
	text = string(m.lead) != "\r\n"
	err = m.text(m.lead, max)
	m.lead = m.lead[:0]
	return text, false, err
}

// text takes the next piece: dots that were stuffed are left out (RFC 5321 section 4.5.2).
func (m *message) text(p []byte, max int64) error {
	for len(p) > 0 {
		switch {
		case m.cr && p[0] != '\n':
			return errBare
		case m.cr:
			m.endLine(max)
			p = p[1:]
			continue
		case m.start && p[0] == '.':
			m.start = false
			p = p[1:]
			continue
		}
		n := bytes.IndexByte(p, '\r')
		m.cr = n >= 0
		if n < 0 {
			n = len(p)
		}
		if bytes.IndexByte(p[:n], '\n') >= 0 {
			return errBare
		}
		m.add(p[:n], max)
		if m.line += n; m.line > MaxTextLine {
			m.refuse("554 a line of the message is too long")
		}
		m.start = false
		if m.cr {
			n++
		}
		p = p[n:]
	}
	return nil
}

// endLine takes the end of a line.
func (m *message) endLine(max int64) {
	m.cr, m.start, m.line = false, true, 0
	m.add(crlf, max)
}

var crlf = []byte("\r\n")

// add counts and keeps p.
func (m *message) add(p []byte, max int64) {
	if m.size += int64(len(p)); m.size > max {
		m.refuse("552 the message is too long")
	}
	m.keep(p)
}

// keep keeps p, if the message is wanted.
func (m *message) keep(p []byte) {
	if m.refused != "" || m.store == nil {
		return
	}
	m.buf = append(m.buf, p...)
	if len(m.buf) < bufferBytes {
		return
	}
	var err error
	if m.file == nil {
		m.file, err = m.store.create()
	}
	if err == nil {
		_, err = m.file.Write(m.buf)
	}
	if err != nil {
		m.refuse(failure(err))
	}
	m.buf = m.buf[:0]
}

// refuse drops the message; the first reply counts.
func (m *message) refuse(reply string) {
	if m.refused == "" {
		m.refused = reply
	}
	m.drop()
}

// drop removes what is kept.
func (m *message) drop() {
	if m.file != nil {
		m.store.abort(m.file)
	}
	m.file, m.buf = nil, nil
}

// check reports a broken invariant.
func (m *message) check() error {
	switch {
	case (m.refused != "" || m.store == nil) && (m.file != nil || len(m.buf) > 0):
		return errors.New("smtpd: a message is kept that is not wanted")
	case len(m.lead) > 2 || len(m.buf) >= bufferBytes:
		return errors.New("smtpd: too much of a message is held")
	}
	return nil
}
