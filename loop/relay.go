//go:build linux

package loop

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/producer"
)

// relayBytes is the most that one splice is asked to move; the pipe takes less.
const relayBytes = 1 << 20

// relay moves bytes from one connection to another through a pipe, in the kernel. It is an item in
// the queue of dst, so that they keep their place among what is pushed.
//
// Invariant: inPipe bytes are in the pipe; they and prefix were received on src and not yet sent to
// dst; full ⇒ inPipe > 0.
type relay struct {
	src, dst *Conn
	pipe     [2]int // read end, write end
	prefix   []byte // received before the relay began
	inPipe   int
	left     int64 // bytes still to come; below 0: all until the end of the stream
	moved    int64
	started  bool  // prefix is known
	ended    bool  // no more comes from src
	full     bool  // src is not read until the pipe has room
	err      error // why less came than was asked for
	done     func(moved int64, err error)
}

// Relay sends the next n bytes that c receives, or with n < 0 all until its end of stream, to dst
// by splice(2): they do not pass through user memory, but for those that were received already.
// They keep their place among what is pushed to dst before and after. Nothing of them is delivered;
// delivery goes on behind them.
//
// done, which may be nil, is called once on the loop, with the number of bytes dst's socket took:
// with a nil error when they were all; else one side has closed before, and the other one is closed
// too, with that as its cause: a stream cut short is not passed off as whole.
//
// Both must be open connections of one loop, and c not relaying yet: else ErrOption or ErrClosed is
// returned. Other errors are those of pipe2(2).
func (c *Conn) Relay(dst *Conn, n int64, done func(moved int64, err error)) error {
	l := c.loop
	switch {
	case dst.loop != l:
		return fmt.Errorf("%w: the connections are on two loops", ErrOption)
	case c.state&relaying != 0:
		return fmt.Errorf("%w: the connection relays already", ErrOption)
	case c.state&(closed|closing|readClosed|connecting) != 0 || dst.state&unwritable != 0:
		return ErrClosed
	}
	r := &relay{src: c, dst: dst, left: n, done: done}
	if n != 0 {
		if err := l.calls.Pipe(&r.pipe); err != nil {
			return os.NewSyscallError("pipe2", err)
		}
		c.extra().relay = r
		c.state |= relaying
	} else {
		r.started, r.ended, r.pipe = true, true, [2]int{-1, -1}
	}
	if err := dst.PushProducer(r); err != nil {
		r.done = nil
		r.end(nil)
		r.closePipe()
		return err
	}
	l.schedule(c)
	return nil
}

// start takes what was received before the relay began and not delivered.
func (r *relay) start() {
	c := r.src
	r.started = true
	held := c.match.HeldBytes()
	if c.in != nil {
		held = c.in.bytes()
	}
	take := len(held)
	if r.left >= 0 {
		take = int(min(r.left, int64(take)))
		r.left -= int64(take)
	}
	r.prefix = append(r.prefix, held[:take]...)
	c.match.Reset(c.match.Terminator())
	c.scanned = 0
	c.endElement()
	switch {
	case c.in == nil && take < len(held): // of a carry, which is stored nowhere
		c.keepBlock(held[take:])
	case c.in != nil && take > 0:
		c.consume(take)
		c.scanned = 0
	}
	if r.left == 0 {
		r.end(nil)
	}
	r.wake()
}

// wake has dst look at its queue again.
func (r *relay) wake() { r.dst.loop.schedule(r.dst) }

// read moves what src has received into the pipe, once.
func (r *relay) read() {
	c := r.src
	l := c.loop
	want := relayBytes
	if r.left >= 0 {
		want = int(min(r.left, relayBytes))
	}
	n, errno := l.calls.Splice(int(c.fd), r.pipe[1], want)
	switch {
	case errno == unix.EINTR:
	case errno == unix.EAGAIN:
		r.full = r.inPipe > 0 // or the socket is empty: then reading goes on when the pipe is, too
	case errno != 0:
		c.fail(os.NewSyscallError("splice", errno))
	case n == 0:
		var err error
		if r.left > 0 {
			err = fmt.Errorf("loop: relay, %d bytes to go: %w", r.left, io.ErrUnexpectedEOF)
		}
		r.end(err)
		c.endOfStream()
	default:
		l.stats.BytesIn += uint64(n)
		c.activeMs = l.nowMs
		r.inPipe += n
		if r.left > 0 {
			r.left -= int64(n)
		}
		if r.left == 0 {
			r.end(nil)
		}
	}
	r.wake()
}

// end says that no more comes from src, which goes back to delivery.
func (r *relay) end(err error) {
	if r.ended {
		return
	}
	r.ended, r.err = true, err
	r.src.state &^= relaying
	if r.src.rare != nil {
		r.src.rare.relay = nil
	}
	r.src.loop.schedule(r.src)
	r.wake()
}

// More is there for the interface: the queue calls SendTo.
func (r *relay) More() ([]byte, error) { return nil, producer.ErrNotReady }

// SendTo implements producer.Direct.
func (r *relay) SendTo(fd, limit int) (int, error) {
	n, err := r.send(fd, limit)
	r.moved += int64(n)
	return n, err
}

func (r *relay) send(fd, limit int) (int, error) {
	l := r.dst.loop
	var n int
	var errno unix.Errno
	switch {
	case len(r.prefix) > 0:
		if n, errno = l.sys.Calls.Write(fd, r.prefix[:min(limit, len(r.prefix))]); errno == 0 {
			r.prefix = r.prefix[n:]
		}
	case r.inPipe > 0:
		if n, errno = l.calls.Splice(r.pipe[0], fd, min(limit, r.inPipe)); errno == 0 {
			r.inPipe -= n
			if r.full {
				r.full = false
				l.schedule(r.src)
			}
		}
	case r.ended && r.err != nil:
		return 0, r.err
	case r.ended:
		return 0, io.EOF
	default:
		return 0, producer.ErrNotReady
	}
	switch errno {
	case 0:
		return n, nil
	case unix.EAGAIN:
		return 0, producer.ErrBlocked
	case unix.EINTR:
		return 0, nil
	}
	return 0, os.NewSyscallError("splice", errno)
}

// Close implements io.Closer: the queue calls it when the relay is exhausted, has failed or is dropped.
func (r *relay) Close() error {
	err := r.err
	if err == nil && (!r.ended || r.inPipe > 0 || len(r.prefix) > 0) {
		err = fmt.Errorf("loop: relay, the other side: %w", ErrClosed)
		if r.dst.cause != nil {
			err = fmt.Errorf("loop: relay, the other side: %w", r.dst.cause)
		}
	}
	r.closePipe()
	if err != nil && r.src.state&closed == 0 {
		r.src.fail(err)
	}
	r.end(err)
	if done := r.done; done != nil {
		r.done = nil
		done(r.moved, err)
	}
	return nil
}

func (r *relay) closePipe() {
	for i, fd := range r.pipe {
		if fd >= 0 {
			r.src.loop.closeLater(fd)
		}
		r.pipe[i] = -1
	}
}

// endRelay ends a relay whose source is closing.
func (c *Conn) endRelay(cause error) {
	if c.state&relaying == 0 {
		return
	}
	if cause == nil {
		cause = ErrClosed
	}
	c.rare.relay.end(fmt.Errorf("loop: relay, the other side: %w", cause))
}
