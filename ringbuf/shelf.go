package ringbuf

import "sync/atomic"

// classCount is the number of size classes; an item of class c has 1<<c bytes.
const classCount = 31

// shelf is what pools of rings and of blocks share: idle items by size class, last in first out, and their counts. One
// goroutine uses it; only totals may be called from any.
//
// Invariant: idleBytes is the sum over free and at most maxIdleBytes; idle[c] is the length of free[c]; made[c] -
// idle[c] items of class c are in use.
type shelf[T any] struct {
	free         [classCount][]T
	idleBytes    int64
	maxIdleBytes int64

	// Atomic, so that Stats can read them; written by the owner. Bytes are not counted but follow from the class, which
	// leaves one atomic write to a take or give.
	idle [classCount]atomic.Int64
	made [classCount]atomic.Int64
}

// take removes the item of a class that was given last.
func (s *shelf[T]) take(class int) (item T, ok bool) {
	list := s.free[class]
	if len(list) == 0 {
		return item, false
	}
	last := len(list) - 1
	var none T
	item, list[last] = list[last], none
	s.free[class] = list[:last]
	s.idleBytes -= 1 << class
	s.idle[class].Add(-1)
	return item, true
}

// takeLarger removes an item of the largest class above the given one: it holds the most memory and is wanted least.
func (s *shelf[T]) takeLarger(class int) (item T, itemClass int, ok bool) {
	for c := classCount - 1; c > class; c-- {
		if item, ok = s.take(c); ok {
			return item, c, true
		}
	}
	return item, 0, false
}

// fits reports whether one more item of a class may lie idle.
func (s *shelf[T]) fits(class int) bool {
	return s.idleBytes+1<<class <= s.maxIdleBytes
}

// give adds an item. The caller has asked fits.
func (s *shelf[T]) give(class int, item T) {
	s.free[class] = append(s.free[class], item)
	s.idleBytes += 1 << class
	s.idle[class].Add(1)
}

// totals are the items and bytes idle and in use. Any goroutine may call it. The counters are read one after the
// other while the owner goes on, so that the sums can be off by the moves in between, but are never negative.
func (s *shelf[T]) totals() (idle, idleBytes, inUse, inUseBytes int64) {
	for class := range classCount {
		free := s.idle[class].Load()
		used := max(0, s.made[class].Load()-free)
		idle += free
		idleBytes += free << class
		inUse += used
		inUseBytes += used << class
	}
	return idle, idleBytes, inUse, inUseBytes
}
