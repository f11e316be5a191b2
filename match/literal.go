package match

import "fmt"

// literal is one literal, compiled for the search: its failure function and the bytes to scan for. It is immutable.
//
// Invariant: fail[j] < j for every j; rare == bytes[rareOff], and a literal of two bytes or more has pair[0] and
// pair[1] at pairOff, with rareOff one of these two places.
type literal struct {
	bytes   []byte
	fail    []int32 // the strong failure function, see failure
	rare    byte    // the byte that the first gear scans for
	pair    [2]byte // the two bytes that the second gear scans for
	rareOff int     // where rare stands in bytes
	pairOff int     // where pair stands in bytes
}

// rareWindow is how many bytes of the literal the scanned bytes are chosen from. A scan for a byte at offset r leaves
// the last r bytes of its input to be walked byte by byte, so a far offset costs more than it gains.
const rareWindow = 256

// compile copies b, of at least one byte, and compiles it. O(len(b)) time and space.
func compile(b []byte) literal {
	l := literal{bytes: append([]byte(nil), b...), fail: failure(b)}
	l.choose()
	return l
}

// choose picks the rarest byte of the literal's first part, where it stands beside the rarest neighbour. The pair is
// that byte and that neighbour, so the two gears look at almost the same place and to change between them repeats no
// work.
func (l *literal) choose() {
	b := l.bytes[:min(len(l.bytes), rareWindow)]
	l.rare = b[0]
	best := -1
	for i := 0; i+1 < len(b); i++ {
		off, low := i, rank[b[i]]
		if rank[b[i+1]] < low {
			off, low = i+1, rank[b[i+1]]
		}
		if cost := int(low)<<16 | pairRank(b[i], b[i+1]); best < 0 || cost < best {
			best = cost
			l.rare, l.rareOff = b[off], off
			l.pair, l.pairOff = [2]byte{b[i], b[i+1]}, i
		}
	}
}

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
	if l.bytes[l.rareOff] != l.rare {
		return fmt.Errorf("rare byte %q is not at %d", l.rare, l.rareOff)
	}
	if len(l.bytes) == 1 {
		return nil
	}
	if got := [2]byte(l.bytes[l.pairOff:]); got != l.pair {
		return fmt.Errorf("pair %q is not at %d", l.pair, l.pairOff)
	}
	if d := l.rareOff - l.pairOff; d != 0 && d != 1 {
		return fmt.Errorf("rare byte at %d, pair at %d", l.rareOff, l.pairOff)
	}
	return nil
}
