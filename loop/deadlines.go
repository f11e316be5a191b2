//go:build linux

package loop

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/millrace-net/millrace/loop/internal/wheel"
)

// SetIdleTimeout replaces Options.IdleTimeout for this connection, from now on. 0 or less: no limit.
func (c *Conn) SetIdleTimeout(d time.Duration) {
	c.idleMax = clampMs(d)
	c.activeMs = c.loop.nowMs
	c.arm()
}

// SetElementTimeout replaces Options.ElementTimeout for this connection, for the element in hand
// too. 0 or less: no limit.
func (c *Conn) SetElementTimeout(d time.Duration) {
	c.elemMax = clampMs(d)
	c.arm()
}

// SetOutputTimeout replaces Options.OutputTimeout for this connection, from now on: output that has passed
// HighWater already has the whole time anew. 0 or less: no limit. Loop's goroutine only.
func (c *Conn) SetOutputTimeout(d time.Duration) {
	r := c.extra()
	r.outMax, r.outSet = clampMs(d), true
	c.beginAbove()
}

// outputMs is the time that output may take from HighWater to LowWater; 0 for ever.
func (c *Conn) outputMs() int64 {
	if r := c.rare; r != nil && r.outSet {
		return int64(r.outMax)
	}
	return ms(c.loop.opts.OutputTimeout)
}

// beginAbove starts the time of OutputTimeout, if it is to run.
func (c *Conn) beginAbove() {
	if limit := c.outputMs(); limit != 0 && c.state&above != 0 {
		r := c.extra()
		r.aboveMs = c.loop.nowMs
		if c.state&(closing|connecting) == 0 {
			c.armBy(r.aboveMs, limit)
		}
	}
}

// SetDeadline closes the connection with ErrDeadline at t, to within a few milliseconds. The zero
// time removes the deadline.
func (c *Conn) SetDeadline(t time.Time) {
	r := c.extra()
	r.deadlineMs = 0
	if !t.IsZero() {
		r.deadlineMs = max(1, c.loop.msAfter(time.Until(t)))
	}
	c.arm()
}

func clampMs(d time.Duration) int32 { return int32(min(ms(d), 1<<31-1)) }

// connExpired is called by the wheel with the timer of a connection. Deadlines that move with each message, such as the
// idle time, are not re-armed then: the timer fires at the old time and finds out that it is too early.
//
// A timer keeps no pointer to its connection, whose field it is: 8 bytes on each of a million idle ones.
func connExpired(t *wheel.Timer) {
	c := (*Conn)(unsafe.Add(unsafe.Pointer(t), -int(unsafe.Offsetof(Conn{}.timer))))
	c.loop.enter(c)
	c.expired()
	c.settle()
	c.loop.leave()
}

func (c *Conn) expired() {
	l, r := c.loop, c.rare
	now := l.nowMs
	switch {
	case r != nil && r.deadlineMs != 0 && now >= r.deadlineMs:
		c.fail(ErrDeadline)
	case c.state&connecting != 0:
		if now >= r.dial.giveUpMs && r.dial.giveUpMs != 0 {
			c.fail(fmt.Errorf("%w: %v", ErrConnectTimeout, c.peer.netAddr()))
		}
	case c.state&closing != 0: // the look of acknowledged is settle's
		if now >= r.drainMs {
			c.drainExpired()
		}
	case c.stuck() && now >= c.activeMs+ms(l.opts.DrainTimeout):
		c.fail(fmt.Errorf("%w: the loop quits, and %d bytes of output do not leave", ErrDrainTimeout, c.Queued()))
	case c.forsaken() && now >= c.activeMs+ms(l.opts.DrainTimeout):
		c.fail(c.cause)
	case c.elementMs != 0 && c.elemMax != 0 && c.state&(paused|above) == 0 && now >= c.elementMs+int64(c.elemMax):
		c.fail(fmt.Errorf("%w: not ended after %d ms", ErrElementTimeout, now-c.elementMs))
	case c.state&(paced|paused|above) == paced && now >= r.rateMs+l.ratePeriodMs():
		c.measure()
	case c.state&above != 0 && c.outputMs() != 0 && now >= r.aboveMs+c.outputMs():
		c.fail(fmt.Errorf("%w: %d bytes are queued, too many for %d ms", ErrOutputTimeout, c.Queued(), now-r.aboveMs))
	case c.idleMax != 0 && now >= c.activeMs+int64(c.idleMax):
		c.fail(fmt.Errorf("%w: %d ms", ErrIdle, now-c.activeMs))
	}
	if c.state&closed == 0 {
		c.arm()
	}
}

const never = int64(1<<63 - 1)

// arm sets the timer to the connection's next deadline. One that has closed has none: the wheel would keep its memory.
func (c *Conn) arm() {
	if c.state&closed != 0 {
		return
	}
	next := c.nextDeadline()
	if r := c.rare; r != nil && r.deadlineMs != 0 {
		next = min(next, r.deadlineMs)
	}
	if next == never {
		c.loop.wheel.Cancel(&c.timer)
		return
	}
	c.loop.wheel.Arm(&c.timer, next)
}

// nextDeadline is the time at which expired will do something, SetDeadline apart. A deadline that
// does not apply in the present state must not count: passed, it would fire for ever.
func (c *Conn) nextDeadline() int64 {
	switch {
	case c.state&connecting != 0:
		if t := c.rare.dial.giveUpMs; t != 0 {
			return t
		}
		return never
	case c.state&closing != 0:
		if t := c.rare.lookMs; t != 0 {
			return min(t, c.rare.drainMs)
		}
		return c.rare.drainMs
	}
	next := never
	if c.stuck() || c.forsaken() {
		next = c.activeMs + ms(c.loop.opts.DrainTimeout)
	}
	if c.idleMax != 0 {
		next = min(next, c.activeMs+int64(c.idleMax))
	}
	if c.elementMs != 0 && c.elemMax != 0 && c.state&(paused|above) == 0 {
		next = min(next, c.elementMs+int64(c.elemMax))
	}
	if limit := c.outputMs(); c.state&above != 0 && limit != 0 {
		next = min(next, c.rare.aboveMs+limit)
	}
	if c.state&(paced|paused|above) == paced {
		next = min(next, c.rare.rateMs+c.loop.ratePeriodMs())
	}
	return next
}

// stuck tells whether the connection is to end with its loop, and a peer that does not read holds that up.
func (c *Conn) stuck() bool { return c.state&(leaving|quitting) != 0 && c.state&above != 0 }

// forsaken tells whether the peer has gone, as a write has found, and what it had sent before waits for a Resume. Nothing
// else would notice the connection: epoll does not have it.
func (c *Conn) forsaken() bool { return c.state&(broken|paused) == broken|paused }

// restartElement gives the element in hand its time anew, after a time in which it could not be read.
func (c *Conn) restartElement() {
	if c.elementMs != 0 {
		c.elementMs = c.loop.nowMs
		c.armBy(c.elementMs, int64(c.elemMax))
	}
	if c.state&paced != 0 {
		c.beginPeriod()
	}
}

// endElement stops the clocks of the element in hand, which has ended or is given up.
func (c *Conn) endElement() {
	c.elementMs = 0
	c.state &^= paced
}

// armBy brings the timer forward to start + limit, if limit is set and the connection open.
func (c *Conn) armBy(start, limit int64) {
	if limit == 0 || c.state&closed != 0 {
		return
	}
	if when := start + limit; !c.timer.Armed() || c.timer.When() > when {
		c.loop.wheel.Arm(&c.timer, when)
	}
}

// Timer is a function that a loop will call.
type Timer struct {
	node wheel.Timer
	loop *Loop
}

// After calls f on the loop's goroutine once d has passed, not earlier, usually within a
// millisecond or two of it, and after the events of its turn: what had come by then was delivered, but a channel that takes
// several reads may have more. Loop's goroutine only; from another, Post a function that calls it. A
// panic in f is logged, and the loop goes on.
func (l *Loop) After(d time.Duration, f func()) *Timer {
	t := &Timer{loop: l}
	t.node.Expired = func(*wheel.Timer) { f() }
	t.Reset(d)
	return t
}

// Reset makes the timer fire d from now, whether it has fired, was stopped or neither. It allocates
// nothing. Loop's goroutine only.
func (t *Timer) Reset(d time.Duration) {
	t.loop.wheel.Arm(&t.node, t.loop.msAfter(max(d, 0)))
}

// msAfter is the time d from now on the loop's clock, rounded up so that nothing fires early.
func (l *Loop) msAfter(d time.Duration) int64 {
	now := l.calls.Now()
	if d > 1<<62 { // for ever, more or less: it must not overflow
		d = 1 << 62
	}
	return (now + int64(d) + int64(time.Millisecond) - 1) / int64(time.Millisecond)
}

// Stop keeps the timer from firing, and reports whether it was going to. Loop's goroutine only.
func (t *Timer) Stop() bool { return t.loop.wheel.Cancel(&t.node) }
