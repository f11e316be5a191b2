package match

import "bytes"

// Limits of an Any that is searched by its last bytes.
const (
	fewLiterals = 4       // literals, and different last bytes
	fewLen      = wordLen // bytes of the longest
)

// few is an Any of a few short literals, such as the ends of lines: an element ends where one of their last bytes stands
// and the bytes before it are those of the literal, which a word holds. It is immutable.
//
// Invariant: literals are sorted, the longest first; each of their last bytes is in last. one is set if last has only one,
// which a literal's scan finds sooner.
type few struct {
	last     [fewLiterals]byte
	one      *samples
	literals []shortLiteral
}

// shortLiteral is a literal of at most fewLen bytes, as a word's last ones.
type shortLiteral struct {
	value uint64
	shift uint8 // bits of a word before them
	size  uint8 // bytes
}

// newFew returns the few for the automaton's literals, or nil if they are too many or too long.
func newFew(a *automaton) *few {
	if a.maxLen > fewLen || len(a.ends) > fewLiterals {
		return nil
	}
	f := &few{}
	var last []byte
	for size := a.maxLen; size > 0; size-- {
		for lit := range a.literals {
			if len(lit) != size {
				continue
			}
			s := shortLiteral{shift: uint8(8 * (wordLen - size)), size: uint8(size)}
			for i := size - 1; i >= 0; i-- {
				s.value = s.value<<8 | uint64(lit[i])
			}
			f.literals = append(f.literals, s)
			if c := lit[size-1]; bytes.IndexByte(last, c) < 0 {
				last = append(last, c)
			}
		}
	}
	for i := range f.last {
		f.last[i] = last[min(i, len(last)-1)]
	}
	if len(last) == 1 {
		s := newSamples(last, 0, 0, 0, 0)
		f.one = &s
	}
	return f
}

// sizeAt returns the length of the longest literal that p[:end] ends with, or 0.
func (f *few) sizeAt(p []byte, end int) int {
	w := uint64(0)
	if end >= wordLen {
		w = word(p, end-wordLen)
	} else {
		for i := range end {
			w |= uint64(p[i]) << (8 * (wordLen - end + i))
		}
	}
	for _, s := range f.literals {
		if w>>s.shift == s.value && int(s.size) <= end {
			return int(s.size)
		}
	}
	return 0
}

// candidate returns the place behind the first last byte in p, or 0.
func (f *few) candidate(p []byte) int {
	n := min(len(p), maxCall)
	at := 0
	if f.one != nil {
		at, _ = scanPair(p, n, f.one, noLimit)
	} else {
		at = scanSet(p[:n], &f.last)
	}
	if at == n {
		return 0
	}
	return at + 1
}

// search is the automaton's search from its root. At most a word's bytes are compared for each byte read.
func (f *few) search(a *automaton, p []byte, w *meter) (read int, at int32, size int) {
	for i := 0; i < len(p); {
		n := f.candidate(p[i:])
		if n == 0 {
			read := min(len(p)-i, maxCall)
			w.steps += read
			i += read
			continue
		}
		w.steps += n + len(f.literals)
		i += n
		if size := f.sizeAt(p, i); size > 0 {
			return i, 0, size
		}
	}
	v := int32(0)
	for _, c := range p[max(0, len(p)-a.maxLen+1):] {
		v = a.next(v, c, w)
	}
	return len(p), v, 0
}

// all writes the elements' ends in p, which begins with an element, to dst: the place behind each, and above 32 bits the
// literal's length. It returns how many there are and how many bytes of p it has looked at; dst has room for roundLen
// at least, and so many bytes has p.
func (f *few) all(dst []uint64, p []byte) (n, done int) {
	if f.one != nil {
		n, done = all64(dst, p, len(p), f.one, 1)
	} else {
		n, done = allSet(dst, p, &f.last, 1)
	}
	kept, start := 0, 0
	for _, end := range dst[:n] {
		if size := f.sizeAt(p[start:], int(end)-start); size > 0 {
			dst[kept] = end | uint64(size)<<32
			kept, start = kept+1, int(end)
		}
	}
	return kept, done
}
