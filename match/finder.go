package match

import "math"

// Finder searches slices for one literal. Its answers depend on nothing but the literal, and any number of goroutines
// may use it at once. It must not be copied.
//
// Invariant: its literal is compiled. NewFinder makes one; the zero value is not a Finder.
type Finder struct{ literal }

// NewFinder compiles literal, of 1 to MaxLiteral bytes, and copies it. The error wraps ErrEmpty or ErrTooLong. Any
// goroutine may call it. It takes time and 5 bytes of memory for each byte of literal.
func NewFinder(literal []byte) (*Finder, error) {
	if err := checkLiteral(literal); err != nil {
		return nil, err
	}
	f := &Finder{}
	f.compile(literal)
	return f, nil
}

// Index returns the place of the first match in p, or -1. It keeps nothing of p and does not allocate. O(len(p)) for
// every literal and every p.
func (f *Finder) Index(p []byte) int {
	n := len(p) - len(f.bytes) + 1
	if n >= rareFrom || !f.exact() {
		return f.indexFar(p, n)
	}
	if n <= 0 {
		return -1
	}
	at, _ := scanPair(p, n, &f.first, noLimit)
	if at == n {
		return -1
	}
	return at
}

// indexFar is Index for n places, which are many or those of a longer literal. Where nothing has misfired lately, one scan
// has the answer, and is not worth a gear; if it has not, all is searched once more.
func (f *Finder) indexFar(p []byte, n int) int {
	if uint(n-1) < maxCall && f.calm() {
		at, left := 0, 0
		if n >= rareFrom {
			at, left = scanRare(p, n, &f.first, rareCredit)
		} else {
			at, left = scanPair(p, n, &f.first, pairCredit)
		}
		switch {
		case left < 0:
		case at == n:
			return -1
		case f.exact() || string(p[at:at+len(f.bytes)]) == string(f.bytes):
			return at
		}
	}
	var w meter
	return f.index(p, &w)
}

// index is Index, and adds the steps taken to w. Usually the first candidate is a match, or there is none.
func (f *Finder) index(p []byte, w *meter) int {
	l := &f.literal
	if len(p) < len(l.bytes) {
		return -1
	}
	var g gear
	g.engage(l, len(p)-len(l.bytes)+1)
	at := l.scan(p, 0, &g, w)
	if at < 0 || l.exact() || string(p[at:at+len(l.bytes)]) == string(l.bytes) {
		return at
	}
	read, j := l.seek(p[at:], 0, &g, w)
	if j < len(l.bytes) {
		return -1
	}
	return at + read - j
}

// IndexAll writes the start of every match in p to dst, in order and not overlapping, and returns how many it has
// written and where the next call has to go on: at p[scanned:]. It stops when dst is full, and scanned is then the
// end of the last match (0 if dst is empty). Otherwise scanned is len(p) less the longest proper prefix of the
// literal that p ends with behind the last match, so that the same p with more bytes behind it loses no match.
//
// It is fastest while 80 places of dst are free: a kernel writes as many at a time as there may be in 64 bytes. With
// fewer it looks at 16 bytes for each of them at a time, or 64 in all, and takes the matches from an array of its own.
//
// It looks at no more than the first math.MaxUint32 bytes of p, keeps nothing of it, and does not allocate. O(len(p))
// for every literal and every p.
func (f *Finder) IndexAll(dst []uint32, p []byte) (n, scanned int) {
	var w meter
	return f.indexAll(dst, p, &w)
}

// indexAll is IndexAll, and adds the steps taken to w.
func (f *Finder) indexAll(dst []uint32, p []byte, w *meter) (n, scanned int) {
	if limit := uint64(math.MaxUint32); uint64(len(p)) > limit {
		p = p[:int(limit)]
	}
	if len(f.bytes) <= batchLen {
		n, scanned = f.rounds(dst, p, w)
	}
	for n < len(dst) {
		read, j := f.advance(p[scanned:], 0, w)
		scanned += read
		if j < len(f.bytes) {
			return n, scanned - j
		}
		dst[n] = uint32(scanned - j)
		n++
	}
	return n, scanned
}

// rounds is indexAll for all but the end of p: there it stops behind the last match that it has written, or where no
// match can begin before.
func (f *Finder) rounds(dst []uint32, p []byte, w *meter) (n, scanned int) {
	for n < len(dst) {
		places := min(len(p)-scanned-len(f.bytes)+1, maxCall)
		if places < roundLen {
			break
		}
		out := dst[n:]
		var count, done int
		if len(out) < narrowRoom {
			count, done = f.narrowRounds(out, p, scanned, places)
		} else {
			count, done = all32(out, p[scanned:], places, &f.first, uint32(scanned))
			if f.overlap || !f.exact() {
				count = f.siftStarts(out[:count], p)
			}
		}
		w.steps += done
		next := scanned + done
		if n += count; count > 0 {
			end := int(dst[n-1]) + len(f.bytes)
			if next = max(next, end); n == len(dst) {
				next = end
			}
		}
		scanned = next
	}
	return n, scanned
}

const (
	narrowRoom   = roundLen + roundLen/4 // below it a dst would soon have no room for another round
	narrowPlaces = 16                    // looked at for each place of such a dst
)

// narrowRounds looks at some of the places for a dst that may not have room for all of the matches. It is by itself because
// its array takes time to clear. The smaller dst is the fewer places it looks at, as those behind the last match that dst takes
// are looked at again.
func (f *Finder) narrowRounds(dst []uint32, p []byte, scanned, places int) (count, done int) {
	var all [2 * roundLen]uint32
	places = min(places, max(roundLen, narrowPlaces*len(dst)))
	count, done = all32(all[:], p[scanned:], places, &f.first, uint32(scanned))
	if f.overlap || !f.exact() {
		count = f.siftStarts(all[:count], p)
	}
	return copy(dst, all[:count]), done
}

// siftStarts keeps the starts of true matches that do not overlap.
func (f *Finder) siftStarts(starts []uint32, p []byte) (kept int) {
	end := 0
	for _, at := range starts {
		if int(at) >= end && (f.exact() || string(p[at:int(at)+len(f.bytes)]) == string(f.bytes)) {
			starts[kept] = at
			kept, end = kept+1, int(at)+len(f.bytes)
		}
	}
	return kept
}
