package main

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// reply is the answer to every request.
var reply = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!")

var errRequest = errors.New("no request of HTTP/1")

// http answers requests of HTTP/1.1: it reads a head up to the empty line, then a body by its length.
type http struct{ request }

func newHTTP(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.CRLFCRLF)
	return &http{}
}

// Receive takes a head, or the body that the head has announced.
func (h *http) Receive(c *loop.Conn, data []byte, found bool) error {
	switch {
	case !found: // the peer has gone amid a request
		return nil
	case h.length > 0:
		h.length = 0
		c.SetTerminator(match.CRLFCRLF)
	default:
		if err := h.parse(data); err != nil {
			return err
		}
		if h.length > 0 {
			body, err := match.Count(h.length)
			if err != nil {
				return err
			}
			c.SetTerminator(body)
			return nil
		}
	}
	if err := c.Push(reply); err != nil || !h.close {
		return err
	}
	c.CloseWhenDone()
	return nil
}

// request is what the server needs to know of one.
type request struct {
	length int64 // bytes of the body
	close  bool  // the peer wants no further reply
}

// lineEnd finds the ends of lines.
var lineEnd, _ = match.NewFinder([]byte("\r\n"))

// parse reads a head: the request line and every header. The ends of its lines are found in one pass.
func (r *request) parse(head []byte) error {
	*r = request{}
	var ends [96]uint32 // one call of a kernel writes while 64 are free
	for read := (*request).requestLine; ; {
		n, _ := lineEnd.IndexAll(ends[:], head)
		from := 0
		for _, end := range ends[:n] {
			if err := read(r, head[from:end]); err != nil {
				return err
			}
			read, from = (*request).header, int(end)+2
		}
		head = head[from:]
		if n < len(ends) {
			return read(r, head) // the last line has no end: that was the head's
		}
	}
}

// requestLine reads the first line.
func (r *request) requestLine(line []byte) error {
	method, version := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if method < 1 || version < method+2 {
		return errRequest
	}
	switch string(line[version+1:]) {
	case "HTTP/1.1":
	case "HTTP/1.0":
		r.close = true
	default:
		return errRequest
	}
	return nil
}

// header takes note of one header. Few names are as long as those that matter.
func (r *request) header(line []byte) (err error) {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 {
		return errRequest
	}
	name, value := line[:colon], line[colon+1:]
	switch len(name) {
	case len("connection"):
		if is(name, "connection") {
			r.close = is(bytes.TrimSpace(value), "close")
		}
	case len("content-length"):
		if is(name, "content-length") {
			var n uint64
			n, err = strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 63)
			r.length = int64(n)
		}
	}
	return err
}

// is reports whether a word is this one of small letters, in whatever case it is written.
func is(word []byte, small string) bool {
	if len(word) != len(small) {
		return false
	}
	for i, c := range word {
		if c|0x20 != small[i] { // a capital is the small letter without this bit
			return false
		}
	}
	return true
}
