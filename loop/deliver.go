//go:build linux

package loop

import (
	"github.com/millrace-net/millrace/match"
)

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
		c.armBy(c.elementMs, c.elemMax)
	}
}

// deliver cuts window at terminators and calls the handler with the elements. The matcher has
// examined the first scanned bytes. It returns how many bytes are done with; the rest, of which
// c.scanned bytes were examined, must be kept.
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
		if len(data) > c.loop.opts.MaxElement && c.state&pieces == 0 {
			c.oversize(true)
			if c.state&retermed != 0 {
				pos = start + c.resyncAt(size == 0)
			}
		} else {
			c.element(data)
		}
		start = pos
		if c.state&(retermed|dropped) != 0 {
			if c.state&dropped != 0 {
				start, pos = len(window), len(window)
			}
			c.state &^= retermed | dropped
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
	c.state &^= amid
	if err := c.handler.Receive(c, data, true); err != nil {
		c.fail(err)
	}
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
