package main

import "math/bits"

// mark is when messages of a connection began to count: all that come after those of the mark before, up to number end.
type mark struct {
	end int64 // how many messages of the connection there are up to here
	at  int64 // nanoseconds of the load's clock
}

// marks are a queue of the times of messages that were not answered yet.
//
// Invariant: those from first to last, modulo the length of the ring, which is a power of two or 0, are in order of
// end; counted messages were taken out, and the first one's end is above that. A ring of length 0 keeps nothing.
type marks struct {
	ring        []mark
	first, last uint32
	counted     int64
}

// newMarks makes room for n messages, which is room enough for any marks that they can have.
func newMarks(n int) marks {
	if n == 0 {
		return marks{}
	}
	return marks{ring: make([]mark, 1<<bits.Len(uint(n)))}
}

// add notes that the messages up to number end, which are not in the queue yet, began at a time.
func (m *marks) add(end, at int64) {
	if len(m.ring) > 0 {
		m.ring[int(m.last)&(len(m.ring)-1)] = mark{end, at}
		m.last++
	}
}

// take takes out what belongs to the first answered messages, and records how long each took until now if it began at
// or after from.
func (m *marks) take(answered, now, from int64, into latency) {
	for m.first != m.last {
		first := m.ring[int(m.first)&(len(m.ring)-1)]
		end := min(first.end, answered)
		if n := end - m.counted; n > 0 {
			if first.at >= from {
				into.record(now-first.at, n)
			}
			m.counted = end
		}
		if first.end > answered {
			return
		}
		m.first++
	}
}
