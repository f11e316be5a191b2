//go:build linux

package loop

import "fmt"

// SetMinRate replaces Options.MinRate for this connection, from now on, for the element in hand too: its
// period begins anew. The rate is in bytes a second, at most 2 GiB - 1; 0 or less: no limit. The period is
// Options.RatePeriod. Loop's goroutine only.
func (c *Conn) SetMinRate(bytesPerSecond int) {
	c.state &^= rated | paced
	if bytesPerSecond <= 0 {
		return
	}
	c.extra().minRate = min(bytesPerSecond, 1<<31-1)
	c.state |= rated
	if c.state&delivering == 0 { // else when the bytes in hand are delivered
		c.pace(0)
	}
}

// pace counts n bytes received for the rate of the element in hand, whose first period begins with the read that
// brought its first byte, all of which counts. It runs once a read, after delivery, for connections with a rate.
func (c *Conn) pace(n int) {
	if c.state&(relaying|closing|closed) != 0 || c.atBoundary() {
		c.state &^= paced
		return
	}
	if c.state&paced == 0 {
		c.state |= paced
		c.beginPeriod()
	}
	c.rare.rateBytes += int64(n)
}

// beginPeriod measures the rate anew. The timer is moved only if it would fire later.
func (c *Conn) beginPeriod() {
	r := c.extra()
	r.rateMs, r.rateBytes = c.loop.nowMs, 0
	c.armBy(r.rateMs, c.loop.ratePeriodMs())
}

// measure ends a period: the connection is too slow, or has another one.
func (c *Conn) measure() {
	r := c.rare
	need := c.periodBytes()
	switch {
	case c.atBoundary(): // a new terminator made it so
		c.state &^= paced
	case r.rateBytes < need:
		c.fail(fmt.Errorf("%w: %d bytes of an element in %d ms, not %d",
			ErrTooSlow, r.rateBytes, c.loop.nowMs-r.rateMs, need))
	default:
		c.beginPeriod()
	}
}

// periodBytes is what has to come in a period, 1 byte at the least.
func (c *Conn) periodBytes() int64 {
	rate := c.rare.minRate
	if rate == 0 {
		rate = c.loop.opts.MinRate
	}
	return max(1, int64(rate)*c.loop.ratePeriodMs()/1000)
}

func (l *Loop) ratePeriodMs() int64 { return ms(l.opts.RatePeriod) }
