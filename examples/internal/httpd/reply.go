//go:build linux

package httpd

import (
	"strconv"

	"github.com/millrace-net/millrace/loop"
)

// A reply is built in worker.buf: begin, field and number, end, then the body, and send.

// begin starts a reply with its status line and the fields that all replies have.
func (w *worker) begin(status int) {
	b := append(w.buf[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, reason(status)...)
	b = append(b, "\r\nServer: millrace\r\nX-Content-Type-Options: nosniff\r\nDate: "...)
	b = append(b, w.clock.date...)
	w.buf = append(b, "\r\n"...)
}

func (w *worker) field(name, value string) {
	b := append(w.buf, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	w.buf = append(b, "\r\n"...)
}

func (w *worker) number(name string, n int64) {
	b := append(w.buf, name...)
	b = append(b, ": "...)
	b = strconv.AppendInt(b, n, 10)
	w.buf = append(b, "\r\n"...)
}

// end ends the header, after saying whether the connection goes on where that is not its version's default.
func (w *worker) end() {
	switch r := &w.req; {
	case r.close:
		w.field("Connection", "close")
	case r.minor == 0:
		w.field("Connection", "keep-alive")
	}
	w.buf = append(w.buf, "\r\n"...)
}

// send pushes the reply, and ends the connection if the request said so.
func (w *worker) send(c *loop.Conn) error {
	if err := c.Push(w.buf); err != nil {
		return err
	}
	if w.req.close {
		c.CloseWhenDone()
	}
	return nil
}

// text answers with the status as text, and with one more field unless its name is empty.
func (w *worker) text(c *loop.Conn, status int, name, value string) error {
	w.begin(status)
	if name != "" {
		w.field(name, value)
	}
	w.field("Content-Type", textPlain)
	reason := reason(status)
	w.number("Content-Length", int64(len("000 ")+len(reason)+len("\n")))
	w.end()
	if w.req.method != methodHead {
		w.buf = strconv.AppendInt(w.buf, int64(status), 10)
		w.buf = append(w.buf, ' ')
		w.buf = append(w.buf, reason...)
		w.buf = append(w.buf, '\n')
	}
	return w.send(c)
}

// refuse answers a request after which nobody can tell where the next one begins.
func (w *worker) refuse(c *loop.Conn, status int) error {
	w.req.close = true
	return w.text(c, status, "", "")
}

// reason gives the reason phrase of a status (RFC 9110 section 15; 431: RFC 6585).
func reason(status int) string {
	switch status {
	case 200:
		return "OK"
	case 206:
		return "Partial Content"
	case 301:
		return "Moved Permanently"
	case 304:
		return "Not Modified"
	case 400:
		return "Bad Request"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 413:
		return "Content Too Large"
	case 414:
		return "URI Too Long"
	case 416:
		return "Range Not Satisfiable"
	case 417:
		return "Expectation Failed"
	case 431:
		return "Request Header Fields Too Large"
	case 501:
		return "Not Implemented"
	case 503:
		return "Service Unavailable"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "Internal Server Error"
}
