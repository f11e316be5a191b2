package match

import (
	"flag"
	"fmt"
	"testing"
)

// splitWork bounds the pieces that TestScenario24EveryStreamEverySplit feeds for each terminator. 3e9 is enough for
// all streams of 12 bytes over three letters, and takes minutes; 7e10 for four.
var splitWork = flag.Float64("split-work", 3e5*thoroughness,
	"pieces that TestScenario24EveryStreamEverySplit feeds for each terminator")

// Scenario 24: every stream of up to 12 bytes over the bytes of a terminator and others, in every set of pieces.
// After each piece the elements that have ended and the bytes held back are those that the reference finds in the
// stream so far: no beginning of a terminator is swallowed, or stays when it is none. Streams are shorter where that
// would take too long.
func TestScenario24EveryStreamEverySplit(t *testing.T) {
	for _, c := range splitSamples {
		s := newSample(t, c.lits...)
		t.Run(s.term.String(), func(t *testing.T) {
			t.Parallel()
			length, work := 0, 1.0
			for each := float64(2 * len(c.alphabet)); length < 12 && work*each <= *splitWork; work *= each {
				length++
			}
			allStrings(c.alphabet, length, func(stream []byte) {
				if len(stream) < length { // the beginning of one that is longer
					return
				}
				w := newSplitWalk(s, stream)
				if err := w.from(NewMatcher(s.term), 0, 0); err != nil {
					t.Fatalf("%q: %v", stream, err)
				}
			})
			t.Logf("streams of %d bytes", length)
		})
	}
}

// splitWalk goes through all sets of pieces of one stream; those that begin alike share their beginning.
type splitWalk struct {
	stream []byte
	ends   []element // of the elements, in order
	held   []int     // after each byte
	ended  []int     // elements that have, after each byte
}

// newSplitWalk asks the reference.
func newSplitWalk(s sample, stream []byte) *splitWalk {
	w := &splitWalk{stream: stream, held: make([]int, len(stream)+1), ended: make([]int, len(stream)+1)}
	w.ends, _ = naiveElements(stream, s.lits)
	for at := range w.held {
		begun := 0
		for _, e := range w.ends {
			if e.end <= at {
				begun = e.end
				w.ended[at]++
			}
		}
		w.held[at] = naivePrefix(stream[begun:at], s.lits...)
	}
	return w
}

// from feeds every piece that begins at a place, to a matcher that has seen what is before, and goes on behind each.
func (w *splitWalk) from(m Matcher, at, ended int) error {
	for to := at + 1; to <= len(w.stream); to++ {
		next, n := m, ended
		for pos := at; pos < to; {
			end, size, found := next.Next(w.stream[pos:to])
			if pos += end; !found {
				break
			}
			if n == len(w.ends) || w.ends[n] != (element{pos, size}) {
				return fmt.Errorf("an element ends at %d with %d bytes, in the piece %d..%d", pos, size, at, to)
			}
			n++
		}
		if n != w.ended[to] || next.Held() != w.held[to] {
			return fmt.Errorf("after the piece %d..%d: %d elements, want %d; %d bytes held, want %d", at, to, n, w.ended[to],
				next.Held(), w.held[to])
		}
		if to < len(w.stream) {
			if err := w.from(next, to, n); err != nil {
				return fmt.Errorf("behind %d..%d: %w", at, to, err)
			}
		}
	}
	return nil
}
