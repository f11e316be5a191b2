//go:build linux

package loop

import (
	"fmt"

	"github.com/millrace-net/millrace/match"
)

// resyncAt is the place in an element that is too long at which a terminator that an Oversizer sets
// begins to apply: the same for every split. What is before it is dropped.
func (c *Conn) resyncAt(isCount bool) int {
	if isCount {
		return 0
	}
	return c.loop.opts.MaxElement + 1
}

// oversize applies the policy to an element that is too long; ended tells whether its end was seen.
func (c *Conn) oversize(ended bool) {
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

// oversizeCut is oversize of an element of n bytes whose end was found. A Count was reached then, which leaves None: Oversize
// finds the Count, as it does where not all has come, so that None is another terminator in each case.
func (c *Conn) oversizeCut(n int, isCount bool) {
	reached := c.match
	if isCount {
		t, _ := match.Count(int64(n)) // n is above MaxElement
		c.match.Reset(t)
	}
	c.oversize(true)
	if isCount && c.state&retermed == 0 {
		c.match = reached
	}
}
