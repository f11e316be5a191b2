//go:build linux

package httpd

import (
	"bytes"
	"math"
)

// parseField reads one field (RFC 9112 section 5). A line that begins with a space, which once went on with
// the field before it, has no token for a name and is refused with 400; so is a space before the colon.
func (r *request) parseField(line []byte) (status int) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !all(line[:colon], tokenChar) {
		return 400
	}
	name, value := line[:colon], trimSpace(line[colon+1:])
	if !all(value, valueChar) {
		return 400
	}
	switch len(name) {
	case len("host"):
		if same(name, "host") {
			return r.setHost(value)
		}
	case len("range"):
		if same(name, "range") {
			r.ranges = value
		}
	case len("expect"):
		if same(name, "expect") {
			return r.setExpect(value)
		}
	case len("if-range"):
		if same(name, "if-range") {
			r.ifRange = value
		}
	case len("connection"):
		if same(name, "connection") {
			r.setConnection(value)
		}
	case len("if-none-match"):
		if same(name, "if-none-match") {
			r.noneMatch = true
			r.unlessAny = string(value) == "*"
		}
	case len("content-length"):
		if same(name, "content-length") {
			return r.setLength(value)
		}
	case len("transfer-encoding"): // and if-modified-since
		if same(name, "transfer-encoding") {
			r.chunked = true
		} else if same(name, "if-modified-since") {
			r.since = value
		}
	}
	return 0
}

// trimSpace drops spaces and tabs from both ends.
func trimSpace(p []byte) []byte {
	for len(p) > 0 && (p[0] == ' ' || p[0] == '\t') {
		p = p[1:]
	}
	for len(p) > 0 && (p[len(p)-1] == ' ' || p[len(p)-1] == '\t') {
		p = p[:len(p)-1]
	}
	return p
}

// setHost takes exactly one Host (RFC 9112 section 3.2); it may be empty.
func (r *request) setHost(value []byte) (status int) {
	r.hosts++
	if r.hosts > 1 || !all(value, hostChar) {
		return 400
	}
	return 0
}

// setExpect knows one expectation (RFC 9110 section 10.1.1).
func (r *request) setExpect(value []byte) (status int) {
	if !bytes.EqualFold(value, continueToken) {
		return 417
	}
	r.expect = true
	return 0
}

var continueToken = []byte("100-continue")

// setConnection looks for the options that matter here in a list of them (RFC 9110 section 7.6.1).
func (r *request) setConnection(list []byte) {
	for len(list) > 0 {
		option := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			option, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		option = trimSpace(option)
		r.saysClose = r.saysClose || all(option, tokenChar) && same(option, "close")
		r.saysKeep = r.saysKeep || all(option, tokenChar) && same(option, "keep-alive")
	}
}

// setLength reads a Content-Length. One that is repeated must say the same, and a list of them is refused (RFC
// 9112 section 6.3).
func (r *request) setLength(value []byte) (status int) {
	n, ok := parseDigits(value)
	if !ok || r.length >= 0 && r.length != n {
		return 400
	}
	r.length = n
	return 0
}

// parseDigits reads a number of one digit or more. One that is too large gives the largest.
func parseDigits(p []byte) (n int64, ok bool) {
	for _, c := range p {
		if !isDigit(c) {
			return 0, false
		}
		if d := int64(c - '0'); n > (math.MaxInt64-d)/10 {
			n = math.MaxInt64
		} else {
			n = 10*n + d
		}
	}
	return n, len(p) > 0
}
