//go:build linux

package httpd

import (
	"bytes"

	"github.com/millrace-net/millrace/loop"
)

// worker answers the requests of all connections of one loop. Callbacks of a loop never nest, so one request
// and one buffer serve them all; a connection between requests has nothing of its own. Loop's goroutine only.
//
// Invariant: idle bodies have no connection's state; buf and path hold nothing that a later callback needs.
type worker struct {
	cfg   Config
	loop  *loop.Loop
	clock clock
	hello []byte  // the whole reply to a plain GET /hello, of the clock's second
	req   request // the request in hand; its slices die with Receive
	path  []byte  // the cleaned path of req, without the slash at its front
	buf   []byte  // the reply in hand
	idle  []*echo // bodies to use again
}

func newWorker(cfg Config, l *loop.Loop) *worker {
	w := &worker{cfg: cfg, loop: l}
	w.clock.init(l, w.newSecond)
	return w
}

// Receive implements loop.Handler: data is the header of a request.
func (w *worker) Receive(c *loop.Conn, data []byte, found bool) error {
	w.clock.read()
	data = trimEmptyLines(data, found)
	if len(data) == 0 {
		return nil
	}
	w.req = request{}
	if !found { // the stream ended amid a header
		return w.refuse(c, 400)
	}
	r := &w.req
	if status := r.parse(data); status != 0 {
		return w.refuse(c, status)
	}
	return w.route(c)
}

// trimEmptyLines drops empty lines before a request line (RFC 9112 section 2.2), and at the end of the stream
// half of one.
func trimEmptyLines(data []byte, found bool) []byte {
	for bytes.HasPrefix(data, crlf) {
		data = data[len(crlf):]
	}
	if !found && len(data) == 1 && data[0] == '\r' {
		return nil
	}
	return data
}

var crlf = []byte("\r\n")

// What a path names.
type resource uint8

const (
	aFile resource = iota
	theHello
	theEcho
)

// route hands the request to what its path names.
func (w *worker) route(c *loop.Conn) error {
	r := &w.req
	what, dir, status := aFile, false, 0
	if r.hasPath() {
		w.path, dir, status = appendClean(w.path[:0], r.path)
	}
	switch {
	case status == 400:
		return w.refuse(c, status)
	case status != 0 || dir || !r.hasPath():
	case string(w.path) == "hello":
		what = theHello
	case string(w.path) == "echo":
		what = theEcho
	}
	if r.length > 0 && (what != theEcho || r.method != methodPost) {
		r.close = true // nobody reads that body
	}
	switch {
	case r.method == methodUnknown:
		return w.text(c, 501, "", "")
	case !r.hasPath(): // OPTIONS * and CONNECT host:port
		return w.text(c, 405, "Allow", "GET, HEAD, POST")
	case what == theEcho && r.method == methodPost:
		return w.beginEcho(c)
	case what == theEcho:
		return w.text(c, 405, "Allow", "POST")
	case r.method != methodGet && r.method != methodHead:
		return w.text(c, 405, "Allow", "GET, HEAD")
	case what == theHello:
		return w.sayHello(c)
	case status != 0:
		return w.text(c, status, "", "")
	}
	return w.serveFile(c, dir)
}

// sayHello answers from memory; the plain request, which is all but every one, with one push.
func (w *worker) sayHello(c *loop.Conn) error {
	r := &w.req
	if r.method == methodGet && !r.close && r.minor > 0 {
		return c.Push(w.hello)
	}
	w.begin(200)
	w.field("Content-Type", textPlain)
	w.number("Content-Length", int64(len(helloBody)))
	w.end()
	if r.method == methodGet {
		w.buf = append(w.buf, helloBody...)
	}
	return w.send(c)
}

const (
	helloBody = "Hello, world!\n"
	textPlain = "text/plain; charset=utf-8"
)

// newSecond writes the reply to GET /hello for the clock's new second.
func (w *worker) newSecond() {
	w.begin(200)
	w.field("Content-Type", textPlain)
	w.number("Content-Length", int64(len(helloBody)))
	w.buf = append(w.buf, "\r\n"+helloBody...)
	w.hello = append(w.hello[:0], w.buf...)
}

// Oversize implements loop.Oversizer: a header passed MaxHeader.
func (w *worker) Oversize(c *loop.Conn) error {
	w.clock.read()
	w.req = request{}
	return w.refuse(c, 431)
}
