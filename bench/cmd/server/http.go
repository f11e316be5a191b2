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
	line, rest, _ := bytes.Cut(head, match.CRLF.Bytes())
	method, target, _ := bytes.Cut(line, []byte{' '})
	target, version, ok := bytes.Cut(target, []byte{' '})
	if !ok || len(method) == 0 || len(target) == 0 || !bytes.HasPrefix(version, []byte("HTTP/1.")) {
		return errRequest
	}
	r.close = string(version) == "HTTP/1.0"
	for len(rest) > 0 {
		line = rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
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
	return len(word) == len(small) && bytes.EqualFold(word, []byte(small))
}
