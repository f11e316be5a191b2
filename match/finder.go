package match

import "math"

// Finder searches slices for one literal. It is immutable, and any number of goroutines may use it at once.
//
// Invariant: its literal is compiled. NewFinder makes one; the zero value is not a Finder.
type Finder struct{ literal }

// NewFinder compiles literal, of 1 to MaxLiteral bytes, and copies it. The error wraps ErrEmpty or ErrTooLong. Any
// goroutine may call it. It takes time and 5 bytes of memory for each byte of literal.
func NewFinder(literal []byte) (*Finder, error) {
	if err := checkLiteral(literal); err != nil {
		return nil, err
	}
	return &Finder{compile(literal)}, nil
}

// Index returns the place of the first match in p, or -1. It keeps nothing of p and does not allocate. O(len(p)) for
// every literal and every p.
func (f *Finder) Index(p []byte) int {
	var w meter
	return f.index(p, &w)
}

// index is Index, and adds the steps taken to w.
func (f *Finder) index(p []byte, w *meter) int {
	n, j := f.advance(p, 0, w)
	if j < len(f.bytes) {
		return -1
	}
	return n - j
}

// IndexAll writes the start of every match in p to dst, in order and not overlapping, and returns how many it has
// written and where the next call has to go on: at p[scanned:]. It stops when dst is full, and scanned is then the
// end of the last match (0 if dst is empty). Otherwise scanned is len(p) less the longest proper prefix of the
// literal that p ends with behind the last match, so that the same p with more bytes behind it loses no match.
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
	if len(f.bytes) == 2 {
		return f.twoAll(dst, p, w)
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
