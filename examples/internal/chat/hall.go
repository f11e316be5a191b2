//go:build linux

package chat

import (
	"fmt"

	"github.com/millrace-net/millrace/loop"
)

// hall is the part of a room that lives on one loop, on whose goroutine alone it is used.
//
// Invariant: members[i].at == i; links[i] leads to the room's i-th hall, and is nil for the hall itself; a held member is
// in held once, and held is empty unless a link is full.
type hall struct {
	room    *room      // immutable
	loop    *loop.Loop // immutable
	members []*member
	links   []*link
	held    []*member // paused until every link has room
	line    []byte    // where the line in hand is made
	closing bool      // members are being told goodbye: who leaves now is no news
}

// add lets m in.
func (h *hall) add(m *member) {
	m.at = len(h.members)
	h.members = append(h.members, m)
}

// remove lets m out; the last member takes its place.
func (h *hall) remove(m *member) {
	last := len(h.members) - 1
	h.members[m.at] = h.members[last]
	h.members[m.at].at = m.at
	h.members[last] = nil
	h.members = h.members[:last]
	m.at = outside
}

// say sends "<nick> text" to all but m.
func (h *hall) say(m *member, text []byte) {
	h.line = append(h.line[:0], '<')
	h.line = append(h.line, m.name...)
	h.line = append(h.line, "> "...)
	h.line = append(h.line, text...)
	h.send(m)
}

// act sends "** nick text" to all but m.
func (h *hall) act(m *member, text []byte) {
	h.line = append(h.line[:0], "** "...)
	h.line = append(h.line, m.name...)
	h.line = append(h.line, ' ')
	h.line = append(h.line, text...)
	h.send(m)
}

// tell sends the notice "* name what", which is about m, to all but m.
func (h *hall) tell(m *member, name, what string) {
	h.line = append(h.line[:0], "* "...)
	h.line = append(h.line, name...)
	h.line = append(h.line, ' ')
	h.line = append(h.line, what...)
	h.send(m)
}

// send ends the line in hand and sends it to all but m, here and on the other loops.
func (h *hall) send(m *member) {
	h.line = append(h.line, '\n')
	h.push(h.line, m)
	full := false
	h.extend()
	for _, k := range h.links {
		if k != nil {
			k.add(h.line)
			full = full || k.full()
		}
	}
	if full {
		h.hold(m)
	}
}

// push sends lines to the members of this loop, but for one. The errors are dropped: whose connection
// is closed or put out for its full queue hears of it from Closed.
func (h *hall) push(lines []byte, but *member) {
	for _, m := range h.members {
		if m != but {
			_ = m.conn.Push(lines)
		}
	}
}

// extend makes links to halls that have been added.
func (h *hall) extend() {
	halls := *h.room.halls.Load()
	for _, to := range halls[len(h.links):] {
		if to == h {
			h.links = append(h.links, nil)
		} else {
			h.links = append(h.links, newLink(h, to))
		}
	}
}

// hold stops reading m, whose lines cannot be passed on as fast as they come.
func (h *hall) hold(m *member) {
	if !m.held {
		m.held = true
		h.held = append(h.held, m)
		m.conn.Pause()
	}
}

// relieve goes on with the members held, once every link has room.
func (h *hall) relieve() {
	for _, k := range h.links {
		if k != nil && k.full() {
			return
		}
	}
	for i, m := range h.held {
		m.held = false
		m.conn.Resume()
		h.held[i] = nil
	}
	h.held = h.held[:0]
}

// check reports a broken invariant. Loop's goroutine only.
func (h *hall) check() error {
	for i, m := range h.members {
		if m.at != i || m.hall != h || m.name == "" {
			return fmt.Errorf("chat: member %d, %q, believes to be at %d", i, m.name, m.at)
		}
	}
	halls := *h.room.halls.Load()
	full := false
	for i, k := range h.links {
		if (k == nil) != (halls[i] == h) || k != nil && (k.from != h || k.to != halls[i]) {
			return fmt.Errorf("chat: link %d leads elsewhere", i)
		}
		if k != nil {
			if err := k.check(); err != nil {
				return err
			}
			full = full || k.full()
		}
	}
	if len(h.held) > 0 && !full {
		return fmt.Errorf("chat: %d members held, and no link is full", len(h.held))
	}
	for _, m := range h.held {
		if !m.held {
			return fmt.Errorf("chat: member %q is in held and not held", m.name)
		}
	}
	return nil
}
