package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// body is what every reply has to contain.
const body = "Hello, World!"

// maxHead bounds a reply's status line and headers together.
const maxHead = 16 << 10

// requestScript makes a script of GET requests as a browser sends them.
func requestScript(host string) *script {
	request := "GET / HTTP/1.1\r\n" +
		"Host: " + host + "\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
		"Accept-Language: en-US,en;q=0.5\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\n" +
		"Connection: keep-alive\r\n\r\n"
	return newScript([]byte(request), len(request), 0)
}

// replies checks replies of HTTP/1.1. One that is the same, byte for byte, as the one that was parsed last is right
// because that was; only the others are parsed. With a Date header that is one a second.
//
// Invariant: learned is empty or a whole reply that parseReply has accepted.
type replies struct {
	request int // bytes of one
	learned []byte
}

// check implements checker. It keeps the beginning of a reply in c.held.
func (r *replies) check(c *conn, p []byte) error {
	rest := p
	for len(rest) > 0 {
		n := len(r.learned)
		if n == 0 || !bytes.HasPrefix(rest, r.learned) {
			var err error
			if n, err = parseReply(rest); err != nil {
				begin := c.received - int64(len(c.held)) + int64(len(p)-len(rest))
				return fmt.Errorf("reply %d, which begins at byte %d: %w", c.answered, begin, err)
			}
			if n == 0 {
				break
			}
			r.learned = append(r.learned[:0], rest[:n]...)
		}
		rest = rest[n:]
		c.answered++
	}
	c.held = append(c.held[:0], rest...)
	if asked := c.sent / int64(r.request); c.answered > asked || c.answered == asked && len(rest) > 0 {
		return fmt.Errorf("%d replies and %d bytes after %d requests were sent", c.answered, len(rest), asked)
	}
	return nil
}

var crlf = []byte("\r\n")

// parseReply returns how many bytes the reply has that p begins with, or 0 if it is not complete.
func parseReply(p []byte) (int, error) {
	line, rest, ok := bytes.Cut(p, crlf)
	if !ok {
		return 0, checkHead(len(p))
	}
	if status, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 200")); !ok || len(status) > 0 && status[0] != ' ' {
		return 0, fmt.Errorf("the status line is %q", line)
	}
	var h head
	for {
		line, rest, ok = bytes.Cut(rest, crlf)
		if err := checkHead(len(p) - len(rest)); err != nil || !ok {
			return 0, err
		}
		if len(line) == 0 {
			break
		}
		if err := h.add(line); err != nil {
			return 0, fmt.Errorf("the header %q: %w", line, err)
		}
	}
	if !h.length {
		return 0, errors.New("there is no Content-Length")
	}
	n := min(len(rest), len(body))
	if string(rest[:n]) != body[:n] {
		return 0, fmt.Errorf("the body is %q", rest[:n])
	}
	if n < len(body) {
		return 0, nil
	}
	return len(p) - len(rest) + n, nil
}

// checkHead demands that what has come of a head is not too long.
func checkHead(n int) error {
	if n > maxHead {
		return fmt.Errorf("the head has more than %d bytes", maxHead)
	}
	return nil
}

// head is what is known of the headers of a reply.
type head struct{ length bool } // there was a Content-Length

// add reads one header. Names are written in any case; an unknown one may have any value.
func (h *head) add(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || !isToken(name) {
		return errors.New("no name and colon")
	}
	value = bytes.Trim(value, " \t")
	switch {
	case !isText(value):
		return errors.New("a control character")
	case bytes.EqualFold(name, []byte("Content-Length")):
		return h.addLength(value)
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		return errors.New("the body has to be delimited by Content-Length")
	case bytes.EqualFold(name, []byte("Connection")) && bytes.EqualFold(value, []byte("close")):
		return errors.New("the server will not keep the connection")
	case bytes.EqualFold(name, []byte("Date")):
		if _, err := time.Parse(dateLayout, string(value)); err != nil {
			return errors.New("no date of HTTP")
		}
	}
	return nil
}

// dateLayout is the one form that RFC 9110 has servers send.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// addLength demands that the body is as long as it has to be, and that this is said once.
func (h *head) addLength(value []byte) error {
	if n, err := strconv.ParseUint(string(value), 10, 63); err != nil || n != uint64(len(body)) {
		return fmt.Errorf("not the length of %q", body)
	}
	if h.length {
		return errors.New("a second one")
	}
	h.length = true
	return nil
}

// isToken reports whether p can be the name of a header.
func isToken(p []byte) bool {
	for _, b := range p {
		letter := 'a' <= b|0x20 && b|0x20 <= 'z'
		if !letter && (b < '0' || b > '9') && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), b) < 0 {
			return false
		}
	}
	return len(p) > 0
}

// isText reports whether p can be the value of a header.
func isText(p []byte) bool {
	for _, b := range p {
		if b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}
