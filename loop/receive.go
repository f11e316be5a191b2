//go:build linux

package loop

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/ringbuf"
)

// readable takes one read from the socket and delivers what it completes.
func (c *Conn) readable() {
	if c.state&relaying != 0 {
		if r := c.rare.relay; r.started {
			r.read()
		}
		return
	}
	if c.in != nil && c.state&undelivered == 0 && (c.state&scheduled != 0 || int(c.scanned) < len(c.in.bytes())) {
		c.deliverHeld() // what was received first is delivered first
		if c.state&(undelivered&^closing) != 0 {
			return
		}
	}
	if c.in != nil && c.in.ring != nil {
		c.readRing()
		return
	}
	l := c.loop
	// Held-back bytes of Pieces delivery are stored nowhere: they are the terminator's first bytes.
	// They are put before what is read now, so that a false alarm releases one slice.
	head := 0
	if c.in == nil && c.state&discarding == 0 && c.match.Held() > 0 {
		if head = copy(l.space[:len(l.space)/2], c.match.HeldBytes()); head < c.match.Held() {
			c.fail(fmt.Errorf("loop: no memory for a ring that holds %d bytes of a terminator", c.match.Held()))
			return
		}
	}
	n := c.read(l.space[head:])
	if n <= 0 {
		return
	}
	window := l.space[:head+n]
	c.receive(window, head)
	if c.state&rated != 0 {
		c.pace(n)
	}
	if ringbuf.Poison && &window[0] == &l.space[0] { // else it is the connection's ring now
		ringbuf.Fill(window)
	}
}

// receive delivers window, the bytes in the loop's ring, of which the matcher knows the first head.
func (c *Conn) receive(window []byte, head int) {
	if c.state&closing != 0 {
		c.drop(len(window) - head)
		return
	}
	l := c.loop
	l.stage.allow(window)
	rest := window
	if c.in != nil {
		rest = c.join(window)
		head = 0
	}
	if len(rest) > 0 {
		rest = rest[c.deliver(rest, head):]
	}
	c.flush() // before the ring that staged slices refer to is used again
	l.stage.forbid()
	if len(rest) > 0 && c.state&(closed|closing) == 0 {
		c.keep(rest, len(window))
	}
}

// read reads once into p. It returns the number of bytes, or 0 after having dealt with the end of
// the stream, an error, or nothing to read.
func (c *Conn) read(p []byte) int {
	l := c.loop
	for {
		n, errno := l.calls.Read(int(c.fd), p)
		if errno == 0 {
			if n == 0 {
				c.endOfStream()
				return 0
			}
			l.stats.BytesIn += uint64(n)
			c.activeMs = l.nowMs
			return n
		}
		switch sys.OfRead(errno) {
		case sys.Retry:
		case sys.Wait:
			return 0
		default:
			if c.state&closing == 0 {
				c.deliverRest()
			}
			c.fail(os.NewSyscallError("read", errno))
			return 0
		}
	}
}

// readRing reads behind a long unfinished element, in the connection's own ring.
func (c *Conn) readRing() {
	l := c.loop
	ring := c.in.ring
	if len(ring.Space()) < ring.Cap()/8 {
		bigger, err := l.rings.Grow(ring, 2*ring.Cap())
		if err != nil {
			c.fail(fmt.Errorf("loop: growing to %d bytes: %w", 2*ring.Cap(), err))
			return
		}
		ring, c.in.ring = bigger, bigger
	}
	n := c.read(ring.Space())
	if n <= 0 {
		return
	}
	if c.state&closing != 0 {
		c.drop(n)
		return
	}
	ring.Commit(n)
	c.deliverHeld()
	if c.state&rated != 0 {
		c.pace(n)
	}
}

// endOfStream delivers what was left unfinished, and tells the handler.
func (c *Conn) endOfStream() {
	c.state |= readClosed
	if c.state&closing != 0 {
		return // settle ends the closing
	}
	if c.state&broken != 0 {
		c.deliverRest()
		c.fail(io.EOF)
		return
	}
	c.deliverRest()
	c.state &^= amid // the element that was begun will not go on
	if c.state&(closed|closing) != 0 {
		return
	}
	if h, ok := c.handler.(HalfCloser); ok {
		if err := h.ReadClosed(c); err != nil {
			c.fail(err)
		}
		return
	}
	c.closeWhenDone(io.EOF)
}

// deliverRest delivers what the end of the stream left unfinished, with found = false.
func (c *Conn) deliverRest() {
	c.endElement()
	switch {
	case c.state&discarding != 0:
	case c.in != nil:
		data := c.in.bytes()
		c.loop.stage.allow(data)
		c.state |= delivering
		c.piece(data[:len(data):len(data)])
		c.state &^= delivering | retermed | dropped
		c.flush() // before the memory that staged slices refer to is given back
		c.loop.stage.forbid()
		c.dropHold()
		c.match.Reset(c.match.Terminator()) // what it held was of these bytes
	case c.match.Held() > 0:
		n := copy(c.loop.space, c.match.HeldBytes())
		c.match.Reset(c.match.Terminator())
		c.loop.stage.allow(c.loop.space[:n])
		c.piece(c.loop.space[:n:n])
		c.flush()
		c.loop.stage.forbid()
		ringbuf.Fill(c.loop.space[:n])
	}
}

// drop counts n bytes that arrived after CloseWhenDone.
func (c *Conn) drop(n int) {
	if c.state&writeShut == 0 {
		return
	}
	if c.rare.drainLeft -= n; c.rare.drainLeft < 0 {
		c.fail(fmt.Errorf("%w: the peer sent more than %d bytes", ErrDrainTimeout, c.loop.opts.DrainBytes))
	}
}

// expedite reads the urgent byte and hands it over.
func (c *Conn) expedite() {
	h, ok := c.handler.(UrgentReader)
	if !ok || c.state&undelivered != 0 {
		return
	}
	var b [1]byte
	if n, err := c.loop.calls.RecvOOB(int(c.fd), b[:]); err != nil || n == 0 {
		if err != nil && err != unix.EAGAIN && err != unix.EINVAL && err != unix.EINTR { // which epoll reports again
			c.fail(os.NewSyscallError("recv", err))
		}
		return
	}
	if err := h.Urgent(c, b[0]); err != nil {
		c.fail(err)
	}
}
