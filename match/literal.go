package match

import (
	"fmt"
	"sync/atomic"
)

// literal is one literal, compiled for the search. It is immutable but for its lesson, and must not be copied.
//
// Invariant: fail is the failure function of bytes; choices has at least one entry, whose samples are bytes of the
// literal, and first is the first of them; the lesson's choice is the number of one of them.
type literal struct {
	bytes   []byte
	first   samples   // here because most searches need no other
	fail    []int32   // the strong failure function, see failure
	choices []samples // the ways to scan for it
	overlap bool      // two matches can overlap

	_      [64]byte      // the lesson changes: away from what every search reads
	lesson atomic.Uint32 // what the traffic has taught, of one terminator all connections together; see lesson
}

// compile sets l up for b, of at least one byte, which it copies. O(len(b)) time and space.
func (l *literal) compile(b []byte) {
	l.bytes = append([]byte(nil), b...)
	l.fail = failure(b)
	l.choices = chooseSamples(l.bytes)
	l.first = l.choices[0]
	l.overlap = border(l.bytes) > 0
}

// exact reports whether every place at which the samples stand is a match.
func (l *literal) exact() bool { return len(l.bytes) <= exactLen }

// check reports a breach of the invariant.
func (l *literal) check() error {
	if len(l.bytes) == 0 || len(l.fail) != len(l.bytes) {
		return fmt.Errorf("literal of %d bytes with %d failures", len(l.bytes), len(l.fail))
	}
	for j, f := range l.fail {
		if f < -1 || int(f) >= j {
			return fmt.Errorf("fail[%d] = %d", j, f)
		}
		if f >= 0 && l.bytes[f] == l.bytes[j] {
			return fmt.Errorf("fail[%d] = %d would compare the same byte again", j, f)
		}
	}
	if l.first != l.choices[0] {
		return fmt.Errorf("first %v of %v", l.first, l.choices)
	}
	if n := int(l.recall().choice); n >= len(l.choices) {
		return fmt.Errorf("choice %d of %d", n, len(l.choices))
	}
	for i := range l.choices {
		if err := l.choices[i].check(l.bytes); err != nil {
			return err
		}
	}
	return nil
}
