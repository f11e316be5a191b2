//go:build linux

package loop

import "fmt"

// check reports a broken invariant of the loop or one of its connections, between turns.
func (l *Loop) check() error {
	if l.cur != nil || l.stage.size() != 0 {
		return fmt.Errorf("between turns, a connection is current or %d bytes are staged", l.stage.size())
	}
	open := 0
	for slot := range l.slots.n {
		c := l.slots.at(slot)
		if c == nil {
			continue
		}
		open++
		if c.slot != slot || c.loop != l {
			return fmt.Errorf("slot %d holds the connection of slot %d", slot, c.slot)
		}
		if err := c.check(); err != nil {
			return fmt.Errorf("slot %d, state %b: %w", slot, c.state, err)
		}
	}
	if open+len(l.slots.free) != int(l.slots.n) {
		return fmt.Errorf("%d slots, %d open, %d free", l.slots.n, open, len(l.slots.free))
	}
	if err := l.checkChannels(); err != nil {
		return err
	}
	for _, c := range l.graves {
		if c != nil && c.state&closed == 0 {
			return fmt.Errorf("a grave holds an open connection")
		}
	}
	return l.checkPackets()
}

// checkChannels reports a table of channels that is not in order.
func (l *Loop) checkChannels() error {
	polled, free := 0, 0
	for at, entry := range l.channels {
		switch h := entry.handler.(type) {
		case nil:
			free++
		case *Channel:
			polled++
			if h.gone || h.at != at || h.fd != entry.fd {
				return fmt.Errorf("place %d holds the channel of place %d, gone: %v", at, h.at, h.gone)
			}
		case *acceptor:
			if h.gone || h.at != at {
				return fmt.Errorf("place %d holds the listener of place %d, gone: %v", at, h.at, h.gone)
			}
		}
	}
	if polled != l.polled || free != len(l.freeChannels) {
		return fmt.Errorf("%d dispatchers and %d free places, counted as %d and %d", polled, free, l.polled, len(l.freeChannels))
	}
	return nil
}

func (c *Conn) check() error {
	switch {
	case c.state&closed != 0:
		return fmt.Errorf("closed, and has a slot")
	case c.state&delivering != 0:
		return fmt.Errorf("delivering between turns")
	case c.in == nil && c.scanned != 0:
		return fmt.Errorf("%d bytes examined of nothing held", c.scanned)
	case c.out != nil && c.out.conn != c:
		return fmt.Errorf("the output is another's")
	case c.state&(opened|scheduled) == opened && c.events != c.wanted():
		return fmt.Errorf("epoll knows interest %#x, wanted is %#x", c.events, c.wanted())
	case c.out != nil && c.out.queue.Empty() && c.state&scheduled == 0:
		return fmt.Errorf("an empty queue is kept")
	}
	if h := c.in; h != nil {
		if n := len(h.bytes()); n == 0 || int(c.scanned) > n || (h.ring != nil && h.buf != nil) {
			return fmt.Errorf("hold of %d bytes, %d examined", n, c.scanned)
		}
	}
	return nil
}

// check reports a breach of the invariant, but for where the parts lie.
func (s *stage) check() error {
	sum := 0
	for i := range s.parts {
		sum += len(s.part(i))
	}
	if sum != s.n || s.open > s.used || len(s.parts) > stageParts {
		return fmt.Errorf("%d parts of %d bytes, counted as %d, and %d of %d", len(s.parts), sum, s.n, s.open, s.used)
	}
	return nil
}
