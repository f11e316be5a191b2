package producer

import (
	"fmt"
)

// check reports the first breach of the queue's invariant, or nil. Tests call it after each transition.
func (q *Queue) check() error {
	room := uint64(len(q.ring))
	switch {
	case room&(room-1) != 0:
		return fmt.Errorf("ring of %d items is no power of two", room)
	case q.freed > q.head || q.head > q.tail || q.tail-q.freed > room:
		return fmt.Errorf("positions out of order: freed %d, head %d, tail %d, room %d", q.freed, q.head, q.tail, room)
	case q.head == q.tail && q.off != 0:
		return fmt.Errorf("offset %d into an empty queue", q.off)
	}
	size := int64(-q.off)
	for pos := q.freed; pos != q.freed+room; pos++ {
		it := q.at(pos)
		if pos >= q.tail {
			if !it.zero() {
				return fmt.Errorf("slot at %d is free, but pins %+v", pos, *it)
			}
			continue
		}
		if err := it.check(); err != nil {
			return fmt.Errorf("item at %d: %w", pos, err)
		}
		if pos >= q.head {
			size += int64(len(it.p))
		}
	}
	if q.head != q.tail && q.off != 0 && q.off >= len(q.at(q.head).p) {
		return fmt.Errorf("offset %d lies outside the %d bytes at the head", q.off, len(q.at(q.head).p))
	}
	if size != q.size {
		return fmt.Errorf("size is %d, items hold %d", q.size, size)
	}
	return nil
}

// zero reports whether nothing is left in an item.
func (it *item) zero() bool {
	return it.p == nil && it.prod == nil && it.done == nil && it.err == nil && it.kind == 0 && it.state == open
}

// check reports the first breach of the item's invariant, or nil.
func (it *item) check() error {
	if (it.err != nil) != (it.state == failed) {
		return fmt.Errorf("state %d with error %v", it.state, it.err)
	}
	if it.kind < kindFile && (len(it.p) == 0 || it.state != open) {
		return fmt.Errorf("bytes of kind %d: %d of them, state %d", it.kind, len(it.p), it.state)
	}
	if (it.kind >= kindBytes) != (it.prod != nil) {
		return fmt.Errorf("kind %d with producer %v", it.kind, it.prod)
	}
	return nil
}

// check reports a breach of the remainder's invariant, or nil.
func (r *remainder) check() error {
	if r.done != nil && r.prod != nil {
		return fmt.Errorf("owes both a done and a Close")
	}
	return nil
}

// check reports a breach of the invariant, or nil.
func (c *chunked) check() error {
	if c.chunk <= 0 {
		return fmt.Errorf("chunk size %d", c.chunk)
	}
	return nil
}

// check reports a breach of the invariant, or nil.
func (in *inline) check() error {
	if len(in.buf) > in.size || in.r == nil && in.buf != nil {
		return fmt.Errorf("buffer of %d bytes, size %d, reader %v", len(in.buf), in.size, in.r)
	}
	return nil
}

// check reports a breach of the invariant, or nil. It sees the goroutine's side only through the channels, so it checks
// what must hold at any moment.
func (a *readAhead) check() error {
	places := len(a.full) // before free: a buffer on its way from free to full is then not counted twice
	places += len(a.free)
	if a.held != nil {
		places++
	}
	if places > readAheadBuffers {
		return fmt.Errorf("%d buffers in use, of %d", places, readAheadBuffers)
	}
	if a.closed && a.held != nil {
		return fmt.Errorf("closed, with a chunk in hand")
	}
	return nil
}

// check reports a breach of the invariant, or nil.
func (f *file) check() error {
	if f.sized && (f.left < 0 || f.off < 0) {
		return fmt.Errorf("sized, with %d bytes from %d on", f.left, f.off)
	}
	return nil
}
