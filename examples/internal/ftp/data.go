//go:build linux

package ftp

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/millrace-net/millrace/loop"
)

var (
	errAborted = errors.New("ftp: aborted")
	errLate    = errors.New("ftp: the client did not connect")
	errDropped = errors.New("ftp: not needed any more")
	errTooLong = errors.New("ftp: a file above Config.MaxFile")
)

// data is a data connection: its listener, then itself, and what is sent or received there. It is used on the session's
// loop only.
//
// Invariant: of listener and conn one is set, and neither when it is over; timer runs while there is a listener.
type data struct {
	session  *session
	listener *loop.Listener
	timer    *loop.Timer
	conn     *loop.Conn
	transfer transfer // nil until the command comes
}

// transfer is what a data connection is for.
type transfer interface {
	// begin is called once, when the connection is there.
	begin(c *loop.Conn) error
	// receive gets what the client sends.
	receive(p []byte) error
	// finish is called when the client has ended its side of the stream.
	finish(c *loop.Conn) error
	// drop is called once and last, whether it has begun or not.
	drop()
}

// accept is the listener's factory. Others than the client are refused, and the listener goes on.
func (d *data) accept(c *loop.Conn) loop.Handler {
	if d.listener == nil || !sameHost(c.RemoteAddr(), d.session.conn.RemoteAddr()) {
		return nil
	}
	d.stopListening()
	d.conn = c
	c.SetDelivery(loop.Pieces)
	c.SetIdleTimeout(stallTime)
	if d.transfer == nil {
		c.Pause() // nothing that the client may send is lost, should STOR follow
	}
	return d
}

// stopListening closes the listener.
func (d *data) stopListening() {
	d.timer.Stop()
	_ = d.listener.Close() // always nil for a TCP socket
	d.listener = nil
}

// late ends a listener to which nobody came.
func (d *data) late() {
	if d.listener == nil {
		return
	}
	if d.transfer != nil {
		d.end(errLate)
		return
	}
	d.session.dropData()
}

// start begins a transfer, now or when the client has connected. The reply 150 has gone before.
func (d *data) start(t transfer) error {
	d.transfer = t
	d.session.conn.SetIdleTimeout(0) // stallTime and acceptTime bound it meanwhile
	if d.conn == nil {
		return nil
	}
	d.conn.Resume()
	if err := t.begin(d.conn); err != nil {
		d.end(err)
	}
	return nil
}

// Opened implements loop.Opener.
func (d *data) Opened(c *loop.Conn) error {
	if d.transfer == nil {
		return nil
	}
	return d.transfer.begin(c)
}

// Receive implements loop.Handler. What nobody asked for is dropped.
func (d *data) Receive(_ *loop.Conn, p []byte, _ bool) error {
	if d.transfer == nil {
		return nil
	}
	return d.transfer.receive(p)
}

// ReadClosed implements loop.HalfCloser.
func (d *data) ReadClosed(c *loop.Conn) error {
	if d.transfer == nil {
		return nil
	}
	return d.transfer.finish(c)
}

// Quit implements loop.Quitter: a transfer may end, and the session with it.
func (d *data) Quit(c *loop.Conn) error {
	if d.transfer == nil {
		c.Close()
	}
	return nil
}

// Closed implements loop.Closer.
func (d *data) Closed(_ *loop.Conn, cause error) {
	d.conn = nil
	d.over(cause)
}

// end ends it with a cause: at once while it listens, else by Closed.
func (d *data) end(cause error) {
	if d.conn != nil {
		d.conn.CloseCause(cause)
		return
	}
	d.stopListening()
	d.over(cause)
}

// over tells the client how it ended, once.
func (d *data) over(cause error) {
	t, s := d.transfer, d.session
	d.transfer = nil
	if t != nil {
		t.drop()
	}
	if s.data != d {
		return
	}
	s.data = nil
	if t == nil {
		return
	}
	s.conn.SetIdleTimeout(idleTime)
	// The errors are those of a control connection that is closing: nobody waits for the reply then.
	_ = s.reply(verdict(cause))
	if s.quit != "" {
		_ = s.leave(s.quit)
	}
}

// verdict is the reply at the end of a transfer.
func verdict(cause error) string {
	var path *fs.PathError
	switch {
	case cause == nil:
		return "226 done"
	case errors.Is(cause, errAborted):
		return "426 aborted\n226 the abort is done"
	case errors.Is(cause, errLate):
		return "425 no connection came"
	case errors.Is(cause, errTooLong):
		return "552 the file is too long"
	case errors.As(cause, &path):
		return failure(cause)
	}
	return "426 the connection is lost"
}

// failure is the reply for an error of a file.
func failure(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "452 the disk is full"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EIO):
		return "451 the server has a problem"
	case errors.Is(err, fs.ErrPermission):
		return "550 permission denied"
	}
	return "550 no such file or directory" // what is outside of the root is as good as not there
}

// drop ends it without a word.
func (d *data) drop() {
	d.end(errDropped)
}

// check reports a broken invariant.
func (d *data) check() error {
	if (d.listener == nil) == (d.conn == nil) {
		return fmt.Errorf("ftp: listener %v, connection %v", d.listener, d.conn)
	}
	return nil
}
