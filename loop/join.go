//go:build linux

package loop

import (
	"fmt"

	"github.com/millrace-net/millrace/ringbuf"
)

// join completes the element whose beginning is held in a block with fresh bytes, and delivers it.
// It returns what of fresh is not done with. All held bytes are examined: what is held beyond is
// delivered before more is read.
func (c *Conn) join(fresh []byte) (rest []byte) {
	end, size, found := c.match.Next(fresh)
	length := len(c.in.bytes()) + end - size - c.match.Held()
	if c.match.Remaining()+int64(length) > int64(c.loop.opts.MaxElement) {
		return c.joinOversize(fresh, end, found)
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
	data := c.in.bytes()[: length : length+size]
	stage := &c.loop.stage
	if c.in.ring != nil {
		stage.allow(data)
	}
	c.state |= delivering
	c.state &^= amid | paced
	if err := c.element(data); err != nil {
		c.fail(err)
	}
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

// joinOversize deals with an element that is too long with the first end bytes of fresh. It returns
// what of fresh is not done with.
func (c *Conn) joinOversize(fresh []byte, end int, found bool) []byte {
	c.state |= delivering
	c.oversize(found)
	c.state &^= delivering
	asked := c.state
	c.state &^= retermed | dropped
	if asked&(closed|dropped) != 0 {
		c.dropHold()
		return nil
	}
	if asked&retermed == 0 {
		c.dropHold()
		return fresh[end:]
	}
	// A Count that is too long never gets here: that is known from its first byte.
	c.state &^= discarding
	c.scanned = 0
	at := c.resyncAt(false)
	held := len(c.in.bytes())
	if at >= held {
		c.dropHold()
		return fresh[at-held:]
	}
	c.consume(at)
	if err := c.add(fresh); err != nil {
		c.fail(fmt.Errorf("loop: holding %d bytes: %w", held+len(fresh), err))
	}
	c.loop.schedule(c)
	return nil
}
