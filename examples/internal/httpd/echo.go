//go:build linux

package httpd

import (
	"time"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// echo is the handler of a connection while the body of a POST /echo arrives: it sends each piece back as it
// comes, without a copy where the piece is large. A client that does not read its reply is not read either, once
// loop.Options.HighWater bytes wait. Loop's goroutine only.
//
// Invariant: while it handles a connection it is not in worker.idle; req has no slices.
type echo struct {
	worker  *worker
	req     request // of the header: how to reply
	started bool    // the reply's header was pushed
	late    bool    // the body did not come at once, and has a deadline
}

// A body has bodyGrace to arrive, and a second more for each bodyRate bytes.
const (
	bodyGrace = 30 * time.Second
	bodyRate  = 16 << 10
)

// beginEcho answers a POST /echo, or has its body answer it.
func (w *worker) beginEcho(c *loop.Conn) error {
	r := &w.req
	switch {
	case r.length > w.cfg.MaxBody:
		return w.refuse(c, 413)
	case r.length <= 0:
		r.length = 0
		w.beginBody()
		return w.send(c)
	}
	body, err := match.Count(r.length)
	if err != nil {
		return err
	}
	if r.expect && r.minor > 0 {
		if err := c.PushString("HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return err
		}
	}
	e := w.newEcho()
	e.req = request{method: r.method, minor: r.minor, close: r.close, length: r.length}
	c.SetHandler(e)
	c.SetTerminator(body)
	c.SetDelivery(loop.Pieces)
	return nil
}

// beginBody begins the reply to a body of w.req.length bytes.
func (w *worker) beginBody() {
	w.begin(200)
	w.field("Content-Type", "application/octet-stream")
	w.number("Content-Length", w.req.length)
	w.end()
}

func (w *worker) newEcho() *echo {
	if n := len(w.idle); n > 0 {
		e := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return e
	}
	return &echo{worker: w}
}

// release gives e back to its worker.
func (e *echo) release() {
	e.req, e.started, e.late = request{}, false, false
	e.worker.idle = append(e.worker.idle, e)
}

// Receive implements loop.Handler: data is a piece of the body, the last one if found. A body that the stream
// cuts short ends its reply short, and with it the connection.
func (e *echo) Receive(c *loop.Conn, data []byte, found bool) error {
	if !e.started {
		w := e.worker
		w.clock.read()
		w.req = e.req
		w.beginBody()
		if err := c.Push(w.buf); err != nil {
			return err
		}
		e.started = true
	}
	if err := c.Push(data); err != nil {
		return err
	}
	if found {
		e.finish(c)
	} else if !e.late {
		e.late = true
		c.SetDeadline(time.Now().Add(bodyGrace + time.Duration(e.req.length/bodyRate)*time.Second))
	}
	return nil
}

// finish makes the connection wait for the next request.
func (e *echo) finish(c *loop.Conn) {
	if e.late {
		c.SetDeadline(time.Time{})
	}
	if e.req.close {
		c.CloseWhenDone()
	}
	c.SetHandler(e.worker)
	c.SetDelivery(loop.Whole)
	c.SetTerminator(match.CRLFCRLF)
	e.release()
}

// Quit implements loop.Quitter: a body under way is answered before the connection ends.
func (e *echo) Quit(*loop.Conn) error {
	e.req.close = true
	return nil
}

// Closed implements loop.Closer: the connection ended amid the body.
func (e *echo) Closed(*loop.Conn, error) { e.release() }
