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
	told   bool  // the head has told the length
	close  bool  // the peer wants no further reply
}

// parse reads a head: the request line and every header. Its last line has no end: that was the head's.
func (r *request) parse(head []byte) error {
	*r = request{}
	for first := true; ; first = false {
		end := bytes.IndexByte(head, '\n')
		line := head
		if end >= 0 {
			if end == 0 || head[end-1] != '\r' {
				return errRequest
			}
			line = head[:end-1]
		}
		if first {
			if !r.requestLine(line) {
				return errRequest
			}
		} else {
			colon := bytes.IndexByte(line, ':')
			if colon < 1 || isBlank(line[0]) || isBlank(line[colon-1]) {
				return errRequest
			}
			switch colon { // few names are as long as those that matter
			case len("connection"), len("content-length"), len("transfer-encoding"):
				if !r.header(line[:colon], trim(line[colon+1:])) {
					return errRequest
				}
			}
		}
		if end < 0 {
			return nil
		}
		head = head[end+1:]
	}
}

// requestLine reads a method, a target and a version with one space between each two.
func (r *request) requestLine(line []byte) bool {
	method, target := bytes.IndexByte(line, ' '), len(line)-len(" HTTP/1.1")
	if method < 1 || target <= method+1 || bytes.IndexByte(line[method+1:target], ' ') >= 0 {
		return false
	}
	switch string(line[target:]) {
	case " HTTP/1.1":
	case " HTTP/1.0":
		r.close = true
	default:
		return false
	}
	return true
}

// header takes note of one header.
func (r *request) header(name, value []byte) bool {
	switch {
	case is(name, "connection"):
		r.connection(value)
	case is(name, "content-length"):
		return r.contentLength(value)
	case is(name, "transfer-encoding"):
		return false // chunks are not for this server
	}
	return true
}

// connection reads a list of options.
func (r *request) connection(list []byte) {
	for {
		comma := bytes.IndexByte(list, ',')
		if comma < 0 {
			break
		}
		r.close = r.close || is(trim(list[:comma]), "close")
		list = list[comma+1:]
	}
	r.close = r.close || is(trim(list), "close")
}

// contentLength reads the length of the body, which may be told twice, but not in two ways.
func (r *request) contentLength(digits []byte) bool {
	n, err := strconv.ParseUint(string(digits), 10, 63)
	if err != nil || r.told && r.length != int64(n) {
		return false
	}
	r.length, r.told = int64(n), true
	return true
}

// is reports whether a word is this one of small letters, in whatever case it is written.
func is(word []byte, small string) bool {
	if len(word) != len(small) {
		return false
	}
	for i, c := range word {
		want := small[i]
		if c != want && (c|0x20 != want || want < 'a') { // a capital is the small letter without this bit
			return false
		}
	}
	return true
}

// trim cuts blanks off both ends.
func trim(value []byte) []byte {
	for len(value) > 0 && isBlank(value[0]) {
		value = value[1:]
	}
	for len(value) > 0 && isBlank(value[len(value)-1]) {
		value = value[:len(value)-1]
	}
	return value
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
