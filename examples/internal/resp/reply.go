//go:build linux

package resp

import "strconv"

// reply is what a command has answered so far, in RESP2. Invariant: what buf holds is the beginning of a sequence of replies.
type reply struct{ buf []byte }

// status adds a simple string, which has no line end in it.
func (r *reply) status(s string) {
	r.buf = append(r.buf, '+')
	r.buf = append(r.buf, s...)
	r.crlf()
}

// fail adds an error: its code, a space and a text. Line ends in it become spaces.
func (r *reply) fail(s string) {
	r.buf = append(r.buf, '-')
	at := len(r.buf)
	r.buf = append(r.buf, s...)
	for i, b := range r.buf[at:] {
		if b == '\r' || b == '\n' {
			r.buf[at+i] = ' '
		}
	}
	r.crlf()
}

// integer adds a number.
func (r *reply) integer(n int64) {
	r.buf = append(r.buf, ':')
	r.buf = strconv.AppendInt(r.buf, n, 10)
	r.crlf()
}

// flag adds 1 for true and 0 for false.
func (r *reply) flag(b bool) {
	if b {
		r.integer(1)
		return
	}
	r.integer(0)
}

// bulk adds a bulk string.
func (r *reply) bulk(p []byte) { r.buf = appendBulk(r.buf, p) }

// text adds a bulk string.
func (r *reply) text(s string) { r.buf = appendBulk(r.buf, s) }

// null adds the null bulk string.
func (r *reply) null() { r.buf = append(r.buf, "$-1\r\n"...) }

// array begins an array of n replies.
func (r *reply) array(n int) { r.buf = appendLength(r.buf, '*', n) }

func (r *reply) crlf() { r.buf = append(r.buf, '\r', '\n') }

func appendBulk[T []byte | string](dst []byte, p T) []byte {
	dst = appendLength(dst, '$', len(p))
	dst = append(dst, p...)
	return append(dst, '\r', '\n')
}

func appendLength(dst []byte, kind byte, n int) []byte {
	dst = append(dst, kind)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, '\r', '\n')
}
