package match

import "unsafe"

// Cut is the end of one element: the place behind it, and the length in bytes of the terminator that ended it, 0 for a
// Count.
type Cut struct{ End, Size uint32 }

// When elements are short and their terminator stays the same, one pass over the bytes ahead finds all their ends.
const (
	runFrom  = 3       // elements that end with at most runShort bytes of a piece, one after the other, from which on Cuts looks ahead
	runShort = 512     // in bytes
	runMost  = 10      // at most roundLen<<runMost bytes are looked at ahead
	cutMost  = 1 << 30 // bytes of p at the most, so that a place fits into a Cut
	batchLen = fewLen  // the longest literal whose ends are found ahead
	sizeBits = 32      // a Cut as a word: its Size begins at this bit
)

// Cuts is Next for many elements at once. It examines p, the bytes that follow those of the earlier calls, and writes
// the end of each element that ends in p[:read] to dst, in order, at most len(dst) of them; it returns how many. The
// next call goes on with p[read:].
//
// For each cut, p[:cut.End] up to the one before completes an element, as Next says; for the first, cut.End-cut.Size
// may be negative as it may be there. The Matcher then stands at p[read:], as after Next: at the beginning of an element
// if read is the end of the last cut. If n is 0, nothing ends in p[:read]; read is 0 only if p or dst is empty.
//
// A caller that stops before the last cut calls Restart, or Reset if what ends the elements changes, and goes on behind
// the last cut that it has used: what lies behind it has been looked at for nothing. So that this cannot cost much, Cuts
// looks ahead only after a few short elements that ended alike since the last Reset, and then at twice as many bytes when
// all of the last look was of use, up to 64 KiB. For that it needs a dst of 64 and more; for a smaller one, for a literal longer than 8
// bytes, and an Any of more than 4 literals or longer ones, it is Next, one element a call.
//
// It keeps nothing of dst and p, and does not allocate. O(read), and for a caller that stops before the last cut as much
// again at the most as it has read since it last stopped, and 512 bytes.
func (m *Matcher) Cuts(dst []Cut, p []byte) (n, read int) {
	if m.run < runFrom || m.state != 0 || len(p) < 2*roundLen || len(dst) < roundLen || m.term.prog == nil {
		return m.cut(dst, p)
	}
	ahead := min(len(p), roundLen<<m.run)
	prog := m.term.prog
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&dst[0])), len(dst))
	switch {
	case bigEndian:
		return m.cut(dst, p)
	case prog.any == nil && len(prog.bytes) <= batchLen:
		n, read = prog.all(words, p[:ahead])
	case prog.any != nil && prog.any.few != nil:
		n, read = prog.any.few.all(words, p[:ahead])
	default:
		return m.cut(dst, p)
	}
	if n == 0 {
		m.run = 0
	} else if read == ahead {
		m.run = min(m.run+1, runMost)
	}
	return n, m.land(dst[:n], p, read)
}

// cut is Cuts for one element.
func (m *Matcher) cut(dst []Cut, p []byte) (n, read int) {
	if len(dst) == 0 {
		return 0, 0
	}
	end, size, found := m.Next(p[:min(len(p), cutMost)])
	if !found {
		return 0, end
	}
	dst[0] = Cut{End: uint32(end), Size: uint32(size)}
	return 1, end
}

// land ends a look at the first bytes of p, at which these cuts were found, and returns how many bytes are read.
func (m *Matcher) land(cuts []Cut, p []byte, read int) int {
	last := 0
	if len(cuts) > 0 {
		last = int(cuts[len(cuts)-1].End)
	}
	var w meter
	prog := m.term.prog
	if prog.any != nil {
		rest := p[last:read]
		for _, c := range rest[max(0, len(rest)-prog.any.maxLen+1):] {
			m.state = prog.any.next(m.state, c, &w)
		}
		return read
	}
	// The literal fits in p up to m-1 places behind those that were looked at.
	m.state = int32(prog.tail(p[last:read], &w))
	return read
}

// all writes the elements' ends in p, which begins with an element, to dst, as words of Cuts. It returns how many there
// are and how many bytes of p it has looked at: the literal's last bytes included, if it has come to the end. dst has
// room for roundLen at least, and p that many bytes and those of the longest literal.
func (l *literal) all(dst []uint64, p []byte) (n, done int) {
	size := len(l.bytes)
	places := len(p) - size + 1
	n, done = all64(dst, p, places, &l.first, uint64(size)|uint64(size)<<sizeBits)
	if l.overlap || !l.exact() {
		n = l.sift(dst[:n], p)
	}
	if done == places {
		done = len(p)
	}
	if n > 0 {
		done = max(done, int(uint32(dst[n-1])))
	}
	return n, done
}

// sift keeps the ends of true matches that do not overlap.
func (l *literal) sift(ends []uint64, p []byte) (kept int) {
	start := 0
	for _, e := range ends {
		end := int(uint32(e))
		at := end - len(l.bytes)
		if at >= start && (l.exact() || string(p[at:end]) == string(l.bytes)) {
			ends[kept] = e
			kept, start = kept+1, end
		}
	}
	return kept
}

// bigEndian tells that the End of a Cut is not the lower half of it as a word.
var bigEndian = *(*uint64)(unsafe.Pointer(&Cut{End: 1})) != 1
