//go:build linux

package loop

import (
	"time"

	"github.com/millrace-net/millrace/match"
)

// drain is the state of an orderly end. Loop's goroutine only.
type drain struct {
	asked  bool
	forced bool // what is left is closed at once
	quits  int  // listeners and dispatchers that are still to be told, and listeners that wait for descriptors
	timer  *Timer
}

// interrupt begins an orderly end that the loop bounds itself. Any goroutine.
func (l *Loop) interrupt() { l.beginQuit(2 * l.opts.DrainTimeout) }

// beginQuit has the loop drain: it stops accepting, lets every connection finish, and ends; after
// limit (0: never) what is left is closed with ErrShutdown. Any goroutine.
func (l *Loop) beginQuit(limit time.Duration) {
	_ = l.mail.PutAlways(message{f: func() { // a closed loop has ended already
		if limit > 0 && l.drain.timer == nil {
			l.drain.timer = l.After(limit, l.closeLeft)
		}
		if l.drain.asked {
			return
		}
		l.drain.asked = true
		for slot := range l.slots.n {
			if c := l.slots.at(slot); c != nil {
				c.leave()
			}
		}
		for _, ch := range l.channels {
			if h := ch.handler; h != nil { // each by itself, for what it accepts may panic
				l.drain.quits++
				_ = l.mail.PutAlways(message{f: func() {
					l.drain.quits--
					h.quit()
				}})
			}
		}
	}})
}

// force closes what is left at once. Any goroutine.
func (l *Loop) force() {
	_ = l.mail.PutAlways(message{f: l.closeLeft}) // a closed loop has ended already
}

// closeLeft closes what is left, and what is adopted from now on.
func (l *Loop) closeLeft() {
	l.drain.asked, l.drain.forced = true, true
	l.CloseAll(ErrShutdown)
}

// ended tells whether an orderly end is complete.
func (l *Loop) ended() bool {
	return l.drain.asked && l.drain.quits == 0 && l.conns.Load() == 0 && len(l.graves) == 0 && l.packets.users == 0
}

// leave has the connection told that the loop quits.
func (c *Conn) leave() {
	c.state |= leaving
	c.loop.schedule(c)
}

// quit ends the connection in order. What the peer has sent before is answered first.
func (c *Conn) quit() {
	if c.state&connecting != 0 {
		c.fail(ErrShutdown)
		return
	}
	if c.state&(paused|above) != 0 {
		c.state |= leaving // when it is read again
		c.activeMs = c.loop.nowMs
		c.arm()
		return
	}
	if c.state&(readClosed|closing|closed) == 0 {
		c.readable()
	}
	if c.state&(closing|closed) != 0 {
		return
	}
	if h, ok := c.handler.(Quitter); ok {
		if err := h.Quit(c); err != nil {
			c.fail(err)
		}
		return
	}
	c.state |= quitting
}

// atBoundary tells whether no element has been begun.
func (c *Conn) atBoundary() bool {
	amidElement := c.state&amid != 0 && c.match.Terminator().Kind() != match.KindNone
	return c.in == nil && c.match.Held() == 0 && c.state&(discarding|relaying) == 0 && !amidElement
}
