package ringbuf

import (
	"fmt"
	"math"
)

// check tells whether the ring's invariant holds.
func (r *Ring) check() error {
	held, handed := r.tail-r.head, r.end-r.head // differences, so that a wrap at 2^64 does not matter
	switch {
	case held > handed || handed > r.size:
		return fmt.Errorf("out of order: head %d, tail %d, end %d, size %d", r.head, r.tail, r.end, r.size)
	case r.buf == nil:
		if r.head|r.tail|r.end|r.origin|r.mask|r.slide|r.size != 0 || r.calls != nil || r.idle {
			return fmt.Errorf("a closed ring keeps state: %+v", *r)
		}
		return nil
	case uint64(len(r.buf)) != 2*r.size || r.size != 1<<r.class:
		return fmt.Errorf("%d bytes of memory, size %d, class %d", len(r.buf), r.size, r.class)
	case r.Mirrored():
		if r.origin != 0 || r.mask != r.size-1 || r.slide != math.MaxUint64 {
			return fmt.Errorf("mirrored ring: origin %d, mask %#x, slide %d", r.origin, r.mask, r.slide)
		}
		return nil
	case r.mask != 2*r.size-1 || r.slide != r.size:
		return fmt.Errorf("heap ring: mask %#x, slide %d", r.mask, r.slide)
	case r.head-r.origin > 2*r.size || r.end-r.origin > 2*r.size:
		return fmt.Errorf("beyond the buffer: origin %d, head %d, end %d", r.origin, r.head, r.end)
	}
	return nil
}

// check tells whether the lists, the bytes and the counts agree.
func (s *shelf[T]) check(each func(class int, item T) error) error {
	var bytes int64
	for class, list := range s.free {
		if n := s.idle[class].Load(); n != int64(len(list)) {
			return fmt.Errorf("class %d: %d idle, counted %d", class, len(list), n)
		}
		if made := s.made[class].Load(); made < int64(len(list)) {
			return fmt.Errorf("class %d: %d idle of %d made", class, len(list), made)
		}
		bytes += int64(len(list)) << class
		for i, item := range list {
			if err := each(class, item); err != nil {
				return fmt.Errorf("class %d, item %d: %w", class, i, err)
			}
		}
	}
	if bytes != s.idleBytes || bytes > max(0, s.maxIdleBytes) {
		return fmt.Errorf("%d bytes idle, counted %d, limit %d", bytes, s.idleBytes, s.maxIdleBytes)
	}
	return nil
}

// check tells whether the pool's invariant holds.
func (p *Pool) check() error {
	return p.rings.check(func(class int, r *Ring) error {
		if r.pool != p || !r.idle || int(r.class) != class || r.buf == nil || r.Len() != 0 || r.head != 0 {
			return fmt.Errorf("idle ring: %d bytes held, head %d, class %d, marked idle: %v", r.Len(), r.head, r.class, r.idle)
		}
		return r.check()
	})
}

// check tells whether the invariant of the blocks holds.
func (b *Blocks) check() error {
	seen := map[*byte]bool{}
	return b.blocks.check(func(class int, p []byte) error {
		first := &p[:1][0]
		if len(p) != 0 || cap(p) != 1<<class || seen[first] {
			return fmt.Errorf("idle block: length %d, capacity %d, seen before: %v", len(p), cap(p), seen[first])
		}
		seen[first] = true
		return nil
	})
}
