//go:build linux

package loop

import "github.com/millrace-net/millrace/ringbuf"

// hold is what a connection keeps of its input between turns: in a block while it is short, in a
// ring of its own when it is long. An idle connection has none.
//
// Invariant: ring != nil ⇒ buf == nil; one of them holds at least one byte.
type hold struct {
	ring *ringbuf.Ring
	buf  []byte // from loop.blocks; live bytes are buf[off:]
	off  int
}

func (h *hold) bytes() []byte {
	if h.ring != nil {
		return h.ring.Window()
	}
	return h.buf[h.off:]
}

// keep stores rest, the end of the n bytes in the loop's ring, for the next turn. A long rest keeps
// the ring itself, so that its bytes are not copied; the loop takes another.
func (c *Conn) keep(rest []byte, n int) {
	l := c.loop
	defer c.begun()
	if len(rest) < len(l.space)/4 || !l.replaceRing() {
		c.keepBlock(rest)
		return
	}
	ring := l.spare
	l.spare = nil
	ring.Commit(n)
	ring.Discard(n - len(rest))
	c.in = l.newHold()
	c.in.ring = ring
}

// keepBlock copies rest into a block.
func (c *Conn) keepBlock(rest []byte) {
	l := c.loop
	c.in = l.newHold()
	c.in.buf = append(l.blocks.Get(len(rest)), rest...)
}

// add appends p to the block, which grows; a long one moves on to a ring. It returns the error of
// the ring's memory.
func (c *Conn) add(p []byte) error {
	l, h := c.loop, c.in
	live := h.buf[h.off:]
	total := len(live) + len(p)
	if len(h.buf)+len(p) <= cap(h.buf) {
		h.buf = append(h.buf, p...)
		return nil
	}
	if total >= len(l.space)/4 {
		ring, err := l.rings.Get(2 * total)
		if err != nil {
			return err
		}
		n := copy(ring.Space(), live)
		n += copy(ring.Space()[n:], p)
		ring.Commit(n)
		l.blocks.Put(h.buf)
		h.ring, h.buf, h.off = ring, nil, 0
		return nil
	}
	bigger := append(append(l.blocks.Get(2*total), live...), p...)
	l.blocks.Put(h.buf)
	h.buf, h.off = bigger, 0
	return nil
}

// consume drops the first n bytes held, and the hold when it is empty.
func (c *Conn) consume(n int) {
	h := c.in
	if n == len(h.bytes()) {
		c.dropHold()
		return
	}
	if h.ring == nil {
		h.off += n
		return
	}
	h.ring.Discard(n)
	// A short rest does not keep a ring from others.
	if rest := h.ring.Window(); len(rest) <= h.ring.Cap()/64 {
		h.buf = append(c.loop.blocks.Get(len(rest)), rest...)
		c.loop.rings.Put(h.ring)
		h.ring, h.off = nil, 0
	}
}

// dropHold gives the hold's memory back.
func (c *Conn) dropHold() {
	h := c.in
	c.scanned = 0
	if h == nil {
		return
	}
	c.in = nil
	if h.ring != nil {
		c.loop.rings.Put(h.ring)
	}
	if h.buf != nil {
		c.loop.blocks.Put(h.buf)
	}
	*h = hold{}
	c.loop.holds = append(c.loop.holds, h)
}

func (l *Loop) newHold() *hold {
	if n := len(l.holds); n > 0 {
		h := l.holds[n-1]
		l.holds = l.holds[:n-1]
		return h
	}
	return &hold{}
}

// replaceRing takes a new ring for the loop to read into and leaves the old one in l.spare. It
// reports false, and changes nothing, if there is no memory for one.
func (l *Loop) replaceRing() bool {
	ring, err := l.rings.Get(l.ringBytes)
	if err != nil {
		return false
	}
	l.spare = l.ring
	l.setRing(ring)
	return true
}

func (l *Loop) setRing(ring *ringbuf.Ring) {
	l.ring = ring
	l.space = ring.Space()
}

// fitRing sees to it that the loop's ring holds a terminator of n bytes that is held back, and a
// read behind it.
func (l *Loop) fitRing(n int) {
	for l.ringBytes < 2*n {
		l.ringBytes *= 2
	}
}

// growRing brings the loop's ring up to what fitRing asked for; between events only.
func (l *Loop) growRing() {
	if len(l.space) >= l.ringBytes || !l.replaceRing() {
		return
	}
	l.rings.Put(l.spare)
	l.spare = nil
}
