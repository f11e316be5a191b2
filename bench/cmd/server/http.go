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

// parse reads a head: the request line and every header.
func (r *request) parse(head []byte) error {
	*r = request{}
	line, rest := nextLine(head)
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
	for len(rest) > 0 {
		line, rest = nextLine(rest)
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			return errRequest
		}
		if err := r.header(line[:colon], line[colon+1:]); err != nil {
			return err
		}
	}
	return nil
}

// nextLine returns the first line of a head, and what follows it.
func nextLine(head []byte) (line, rest []byte) {
	end := bytes.IndexByte(head, '\n')
	if end < 0 {
		return head, nil
	}
	line, rest = head[:end], head[end+1:]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	return line, rest
}

// header takes note of one header. Few names are as long as those that matter.
func (r *request) header(name, value []byte) (err error) {
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
