//go:build linux

package loop

import "golang.org/x/sys/unix"

// channelSlot is the first slot number of channels; connections have those below.
const channelSlot = 1 << 31

// slotChunk is how many slots are made at a time.
const slotChunk = 512

// slots is the table of connections, by slot. It grows by chunks, so that a large one is neither copied nor leaves a smaller
// one behind as garbage.
//
// Invariant: the slots below n are in chunks; those that hold no connection are in free.
type slots struct {
	chunks []*[slotChunk]*Conn
	n      uint32
	free   []uint32
}

// at returns the connection in a slot; nil if there is none.
func (s *slots) at(slot uint32) *Conn {
	if i := slot / slotChunk; slot < s.n && int(i) < len(s.chunks) {
		return s.chunks[i][slot%slotChunk]
	}
	return nil
}

// put puts c into a free slot, and returns which.
func (s *slots) put(c *Conn) (slot uint32) {
	if n := len(s.free); n > 0 {
		slot = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		slot = s.n
		if s.n++; int(slot/slotChunk) == len(s.chunks) {
			s.chunks = append(s.chunks, new([slotChunk]*Conn))
		}
	}
	s.chunks[slot/slotChunk][slot%slotChunk] = c
	return slot
}

// clear frees a slot.
func (s *slots) clear(slot uint32) {
	s.chunks[slot/slotChunk][slot%slotChunk] = nil
	s.free = append(s.free, slot)
}

// register gives c a slot and a generation, without any interest yet.
func (l *Loop) register(c *Conn) {
	l.gen++
	c.gen = l.gen
	c.slot = l.slots.put(c)
}

// unregister takes c out of epoll and the table. The delete is explicit: closing a descriptor whose
// open file was duplicated would leave it in the set (epoll(7)).
func (l *Loop) unregister(c *Conn) {
	c.mute()
	l.slots.clear(c.slot)
	l.conns.Add(-1)
}

// mute takes c out of epoll.
func (c *Conn) mute() {
	if c.events != 0 {
		_ = c.loop.control(unix.EPOLL_CTL_DEL, int(c.fd), 0, 0, 0) // ENOENT and EBADF would mean that it is out already
		c.events = 0
	}
}

// channel is an entry of the table of what is on the loop and is no connection.
type channel struct {
	handler channelHandler // nil: free
	fd      int
	gen     uint32
	events  uint32
}

// channelHandler is a listener, a dispatcher, a datagram socket or the mailbox.
type channelHandler interface {
	ready(events uint32) // an event came
	shut(cause error)    // close now
	quit()               // the loop drains
}

// addChannel registers fd with an interest, and returns its place in l.channels.
func (l *Loop) addChannel(h channelHandler, fd int, events uint32) (at int, err error) {
	if n := len(l.freeChannels); n > 0 {
		at = l.freeChannels[n-1]
		l.freeChannels = l.freeChannels[:n-1]
	} else {
		at = len(l.channels)
		l.channels = append(l.channels, channel{})
	}
	l.gen++
	l.channels[at] = channel{handler: h, fd: fd, gen: l.gen}
	if err := l.setChannel(at, events); err != nil {
		l.clearChannel(at)
		return -1, err
	}
	return at, nil
}

// clearChannel frees a place.
func (l *Loop) clearChannel(at int) {
	l.channels[at] = channel{}
	l.freeChannels = append(l.freeChannels, at)
}

// setChannel changes the interest of the channel at place at; none takes it out of epoll.
func (l *Loop) setChannel(at int, events uint32) error {
	ch := &l.channels[at]
	if events == ch.events {
		return nil
	}
	op := unix.EPOLL_CTL_MOD
	switch {
	case ch.events == 0:
		op = unix.EPOLL_CTL_ADD
	case events == 0:
		op = unix.EPOLL_CTL_DEL
	}
	errno := l.control(op, ch.fd, events, uint32(at)+channelSlot, ch.gen)
	if errno != 0 {
		return errno
	}
	ch.events = events
	return nil
}

// removeChannel takes the channel at a place off the loop and has its descriptor closed at the end of the turn.
func (l *Loop) removeChannel(at int) {
	_ = l.setChannel(at, 0) // an error means that it is out already
	l.closeLater(l.channels[at].fd)
	l.clearChannel(at)
}

// channelCount counts listeners, dispatchers and datagram sockets, not the mailbox.
func (l *Loop) channelCount() int { return len(l.channels) - len(l.freeChannels) - 1 }

func (l *Loop) channelEvent(at, gen, events uint32) {
	if int(at) >= len(l.channels) || l.channels[at].handler == nil || l.channels[at].gen != gen {
		l.stats.Stale++
		return
	}
	l.channels[at].handler.ready(events)
	l.leave()
}

// mailChannel is the loop as the handler of its eventfd.
type mailChannel Loop

// ready re-arms the eventfd before the mailbox is taken, so that no wake-up is lost.
func (m *mailChannel) ready(uint32) {
	l := (*Loop)(m)
	_ = l.calls.EventfdRead(l.eventfd) // EAGAIN would mean that it is re-armed already
	l.mail.Take()
	l.mailed = true
}

func (m *mailChannel) shut(error) {}
func (m *mailChannel) quit()      {}
