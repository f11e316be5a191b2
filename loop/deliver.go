//go:build linux

package loop

import (
	"github.com/millrace-net/millrace/match"
)

// maxCuts is how many ends of elements the matcher may find ahead.
const maxCuts = 256

// deliverHeld delivers what is held in in.
func (c *Conn) deliverHeld() {
	held := c.in.bytes()
	if c.in.ring != nil {
		c.loop.stage.allow(held)
	}
	done := c.deliver(held, int(c.scanned))
	c.flush()
	c.loop.stage.forbid()
	if c.state&(closed|closing) == 0 {
		c.consume(done)
		c.begun()
		if c.state&rated != 0 {
			c.pace(0)
		}
	}
}

// begun starts the clock of an element of which bytes are held.
func (c *Conn) begun() {
	if c.in == nil || c.state&pieces != 0 {
		c.elementMs = 0
		return
	}
	if c.elementMs == 0 && c.state&undelivered == 0 {
		c.elementMs = c.loop.nowMs
		c.armBy(c.elementMs, int64(c.elemMax))
	}
}

// deliver cuts window at terminators and calls the handler with the elements. The matcher has
// examined the first scanned bytes. It returns how many bytes are done with; the rest, of which
// c.scanned bytes were examined, must be kept.
func (c *Conn) deliver(window []byte, scanned int) (done int) {
	start, pos := 0, scanned // of the element in hand; the next byte to examine
	c.state |= delivering
	for c.state&undelivered == 0 && (pos < len(window) || c.owesPiece(pos-start)) {
		if c.match.Terminator().Kind() == match.KindNone { // all there is
			start, pos = c.deliverPart(window, start)
			continue
		}
		n, read := c.match.Cuts(c.loop.cuts[:], window[pos:])
		if n > 0 {
			start, pos = c.deliverCuts(window, start, pos, n, read)
			if pos == len(window) && start < pos && c.state&undelivered == 0 {
				start, pos = c.deliverPart(window, start)
			}
			continue
		}
		if pos += read; pos == len(window) {
			start, pos = c.deliverPart(window, start)
		}
	}
	c.state &^= delivering
	c.scanned = int32(pos - start)
	return start
}

// deliverCuts hands over the elements that end at the loop's first n cuts, counted from pos on; the
// matcher has examined read bytes there. It stops where a callback changes what follows, and what was
// examined behind that place will be again. It returns the new start and position.
func (c *Conn) deliverCuts(window []byte, start, pos, n, read int) (int, int) {
	base, after := pos, c.match
	c.match.Restart() // callbacks find it where they are: between two elements
	c.elementMs = 0
	c.state &^= amid | paced
	l := c.loop
	for _, cut := range l.cuts[:n] {
		pos = base + int(cut.End)
		if c.state&discarding != 0 { // the terminator may begin before window
			c.state &^= discarding
			start = pos
			continue
		}
		end := pos - int(cut.Size)
		data := window[start:end:pos]
		if len(data) > l.opts.MaxElement && c.state&pieces == 0 {
			c.oversizeCut(len(data), cut.Size == 0)
			if c.state&retermed != 0 {
				pos = start + c.resyncAt(cut.Size == 0)
			}
		} else {
			if err := c.element(data); err != nil {
				c.fail(err)
			}
		}
		start = pos
		if c.state&(retermed|dropped|undelivered) != 0 {
			if c.state&dropped != 0 {
				start, pos = len(window), len(window)
			}
			c.state &^= retermed | dropped
			return start, pos
		}
	}
	c.match = after
	return start, base + read
}

// owesPiece tells whether examined bytes wait that Pieces delivery hands over unfinished.
func (c *Conn) owesPiece(examined int) bool {
	return examined > c.match.Held() && (c.state&pieces != 0 || c.match.Terminator().Kind() == match.KindNone)
}

// element hands over data, which ends at a terminator. To fail is left to the caller, so that this is inlined.
func (c *Conn) element(data []byte) error {
	c.loop.stats.Elements++
	return c.handler.Receive(c, data, true)
}

// deliverPart deals with window[start:], which was examined and has no terminator: Pieces delivery
// hands it over less what is held back, Whole delivery leaves it to be kept. It returns the new
// start and position.
func (c *Conn) deliverPart(window []byte, start int) (int, int) {
	held := c.match.Held()
	if c.state&discarding != 0 {
		return len(window), len(window)
	}
	part := max(len(window)-held, start)
	if c.state&pieces == 0 && c.match.Terminator().Kind() != match.KindNone {
		if c.match.Remaining()+int64(part-start) > int64(c.loop.opts.MaxElement) {
			isCount := c.match.Remaining() > 0
			c.oversize(false)
			asked := c.state
			c.state &^= retermed | dropped
			if asked&(retermed|dropped) == retermed {
				c.state &^= discarding
				start += c.resyncAt(isCount)
				return start, start
			}
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
	}
	return len(window), len(window)
}

// piece hands over data, which does not end an element.
func (c *Conn) piece(data []byte) {
	c.state |= amid
	if err := c.handler.Receive(c, data, false); err != nil {
		c.fail(err)
	}
}
