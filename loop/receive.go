//go:build linux

package loop

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/ringbuf"
)

// readable takes one read from the socket and delivers what it completes.
func (c *Conn) readable() {
	if c.state&scheduled != 0 && c.in != nil && c.state&undelivered == 0 {
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
	// Held-back bytes of Pieces delivery are stored nowhere: they are the
	// terminator's first bytes. They are put before what is read now, so that a
	// false alarm releases one slice.
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
	if ringbuf.Poison && &window[0] == &l.space[0] { // else it is the connection's ring now
		ringbuf.Fill(window)
	}
}

// receive delivers window, the bytes in the loop's ring, of which the matcher knows the first head.
func (c *Conn) receive(window []byte, head int) {
	if c.state&closing != 0 {
		c.drop(len(window))
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
	if len(rest) > 0 && c.state&(closed|closing) == 0 {
		c.keep(rest, len(window))
	}
}

// read reads once into p. It returns the number of bytes, or 0 after having dealt with
// the end of the stream, an error, or nothing to read.
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
		case sys.Wait, sys.Exhausted:
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
}

// deliverHeld delivers what is held in in.
func (c *Conn) deliverHeld() {
	held := c.in.bytes()
	if c.in.ring != nil {
		c.loop.stage.allow(held)
	}
	done := c.deliver(held, int(c.scanned))
	c.flush()
	if c.state&(closed|closing) == 0 {
		c.consume(done)
		c.begun()
	}
}

// begun starts the clock of an element of which bytes are held.
func (c *Conn) begun() {
	if c.in != nil && c.elementMs == 0 && c.state&(undelivered|pieces) == 0 {
		c.elementMs = c.loop.nowMs
		c.armBy(c.elementMs, c.elemMax)
	}
}

// deliver cuts window at terminators and calls the handler with the elements. The
// matcher has examined the first scanned bytes. It returns how many bytes are done with; the
// rest, of which c.scanned bytes were examined, must be kept.
func (c *Conn) deliver(window []byte, scanned int) (done int) {
	start, pos := 0, scanned // of the element in hand; the next byte to examine
	c.state |= delivering
	for c.state&undelivered == 0 && (pos < len(window) || c.owesPiece(pos-start)) {
		end, size, found := c.match.Next(window[pos:])
		pos += end
		if !found {
			start, pos = c.deliverPart(window, start)
			continue
		}
		c.elementMs = 0
		if c.state&discarding != 0 { // the terminator may begin before window
			c.state &^= discarding
			start = pos
			continue
		}
		data := window[start : pos-size : pos-size]
		start = pos
		if len(data) > c.loop.opts.MaxElement && c.state&pieces == 0 {
			c.oversize(len(data), true)
		} else {
			c.element(data)
		}
		if c.state&(retermed|dropped) != 0 {
			c.state &^= retermed
			if c.state&dropped != 0 {
				c.state &^= dropped
				start, pos = len(window), len(window)
			}
		}
	}
	c.state &^= delivering
	c.scanned = int32(pos - start)
	return start
}

// owesPiece tells whether examined bytes wait that Pieces delivery hands over unfinished.
func (c *Conn) owesPiece(examined int) bool {
	return examined > c.match.Held() && (c.state&pieces != 0 || c.match.Terminator().Kind() == match.KindNone)
}

// element hands over data, which ends at a terminator.
func (c *Conn) element(data []byte) {
	c.loop.stats.Elements++
	if err := c.handler.Receive(c, data, true); err != nil {
		c.fail(err)
	}
}

// deliverPart deals with window[start:], which was examined and has no terminator: Pieces
// delivery hands it over less what is held back, Whole delivery leaves it to be kept.
// It returns the new start and position.
func (c *Conn) deliverPart(window []byte, start int) (int, int) {
	held := c.match.Held()
	if c.state&discarding != 0 {
		return len(window), len(window)
	}
	part := max(len(window)-held, start)
	if c.state&pieces == 0 && c.match.Terminator().Kind() != match.KindNone {
		if c.match.Remaining()+int64(part-start) > int64(c.loop.opts.MaxElement) {
			c.oversize(part-start, false)
			if c.state&retermed != 0 {
				c.state &^= retermed | discarding
				return part, part
			}
			c.state &^= dropped
			return len(window), len(window)
		}
		return start, len(window)
	}
	if part > start {
		c.piece(window[start:part:part])
	}
	switch {
	case c.state&dropped != 0:
		c.state &^= dropped | retermed
		c.match.Reset(c.match.Terminator())
		return len(window), len(window)
	case c.state&retermed != 0: // the held bytes are examined anew
		c.state &^= retermed
		return part, part
	case c.state&pieces == 0 && held > 0: // switched to Whole: the held bytes must be kept
		return part, len(window)
	}
	return len(window), len(window)
}

// piece hands over data, which does not end an element.
func (c *Conn) piece(data []byte) {
	if err := c.handler.Receive(c, data, false); err != nil {
		c.fail(err)
	}
}

// join completes the element whose beginning is held in a block with fresh bytes, and
// delivers it. It returns what of fresh is not done with. All held bytes are examined:
// what is held beyond is delivered before more is read.
func (c *Conn) join(fresh []byte) (rest []byte) {
	end, size, found := c.match.Next(fresh)
	carry := c.match.HeldBytes()
	length := len(c.in.bytes()) + end - size - len(carry)
	if c.match.Remaining()+int64(length) > int64(c.loop.opts.MaxElement) {
		return c.joinOversize(fresh[end:], carry, length, found)
	}
	if err := c.add(fresh[:end]); err != nil {
		c.fail(fmt.Errorf("loop: holding %d bytes: %w", length, err))
		return nil
	}
	if !found {
		c.scanned = int32(len(c.in.bytes()))
		return nil
	}
	c.elementMs = 0
	data := c.in.bytes()[:length:length]
	stage := &c.loop.stage
	if c.in.ring != nil {
		stage.allow(data)
	}
	c.state |= delivering
	c.element(data)
	c.state &^= delivering
	if c.in.ring != nil {
		c.flush()
		stage.allow(fresh)
	}
	if ringbuf.Poison {
		ringbuf.Fill(data)
	}
	c.dropHold()
	asked := c.state
	c.state &^= retermed | dropped
	if asked&dropped != 0 {
		return nil
	}
	return fresh[end:]
}

// joinOversize deals with a joined element that is too long. carry is what of a
// terminator its bytes end with.
func (c *Conn) joinOversize(rest, carry []byte, length int, found bool) []byte {
	c.dropHold()
	c.state |= delivering
	c.oversize(length, found)
	c.state &^= delivering
	asked := c.state
	c.state &^= retermed | dropped
	switch {
	case asked&closed != 0:
		return nil
	case asked&retermed != 0 && !found: // the carry is examined anew
		c.state &^= discarding
		if len(carry) > 0 {
			c.keepBlock(carry)
			c.loop.schedule(c)
		}
	case asked&dropped != 0:
		return nil
	}
	return rest
}

// oversize applies the policy to an element whose content has reached length bytes; ended
// tells whether its end was seen.
func (c *Conn) oversize(length int, ended bool) {
	l := c.loop
	if l.opts.Oversize == CloseOversize {
		c.fail(fmt.Errorf("%w: over the limit of %d bytes", ErrElementTooLong, l.opts.MaxElement))
		return
	}
	l.stats.Oversize++
	c.elementMs = 0
	if !ended {
		c.state |= discarding
	}
	if h, ok := c.handler.(Oversizer); ok {
		if err := h.Oversize(c); err != nil {
			c.fail(err)
		}
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
	c.elementMs = 0
	switch {
	case c.state&discarding != 0:
	case c.in != nil:
		data := c.in.bytes()
		c.state |= delivering
		c.piece(data[:len(data):len(data)])
		c.state &^= delivering | retermed | dropped
		c.dropHold()
	case c.match.Held() > 0:
		n := copy(c.loop.space, c.match.HeldBytes())
		c.match.Reset(match.None)
		c.piece(c.loop.space[:n:n])
		c.flush()
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
		if err != nil && err != unix.EAGAIN && err != unix.EINVAL {
			c.fail(os.NewSyscallError("recv", err))
		}
		return
	}
	if err := h.Urgent(c, b[0]); err != nil {
		c.fail(err)
	}
}
