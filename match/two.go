package match

import (
	"encoding/binary"
	"math/bits"
)

// lows is a word of bytes without their high bits.
const lows = 0x7f7f7f7f7f7f7f7f

// pairsOf returns a word with the high bit of each byte i set, and no other, for which p[i] and p[i+1] are the bytes
// that as and bs repeat. It reads one byte more than a word.
func pairsOf(p []byte, as, bs uint64) uint64 {
	x := binary.LittleEndian.Uint64(p) ^ as
	x |= binary.LittleEndian.Uint64(p[1:]) ^ bs
	return ^(x&lows + lows | x | lows)
}

// two is search for a literal of two bytes, CRLF above all. It compares eight places at a time, which is exact, and
// after eight places without a match scans for the rare byte alone, which pays over a distance. The scan may stop at
// false candidates, but at most once for each word compared, so there is nothing to budget: at most 4 steps a byte
// read, which elements of nothing but CRLF reach, for a word is charged whole. Mostly it is one.
func (l *literal) two(p []byte, j int, w *meter) (read, matched int) {
	if j == 1 && len(p) > 0 {
		w.steps++
		if p[0] == l.bytes[1] {
			return 1, 2
		}
	}
	if len(p) == 0 {
		return 0, j
	}
	as, bs := uint64(l.bytes[0])*ones, uint64(l.bytes[1])*ones
	i := 0
	for i+wordLen < len(p) {
		w.steps += wordLen
		if hits := pairsOf(p[i:], as, bs); hits != 0 {
			return i + bits.TrailingZeros64(hits)/8 + 2, 2
		}
		i = l.nextRare(p, i+wordLen, w)
	}
	n, j := l.kmp(p[i:], 0, w)
	return i + n, j
}

// twoAll is IndexAll for a literal of two bytes: two, but every match of the eight places without a new start.
func (l *literal) twoAll(dst []uint32, p []byte, w *meter) (n, scanned int) {
	if len(dst) == 0 {
		return 0, 0
	}
	as, bs := uint64(l.bytes[0])*ones, uint64(l.bytes[1])*ones
	i := 0 // scanned is the end of the last match
	for i+wordLen < len(p) {
		w.steps += wordLen
		hits := pairsOf(p[i:], as, bs)
		if i += wordLen; hits == 0 {
			i = l.nextRare(p, i, w)
			continue
		}
		for word := i - wordLen; hits != 0; hits &= hits - 1 {
			at := word + bits.TrailingZeros64(hits)/8
			if at < scanned {
				continue // it overlaps the last match: both bytes are the same
			}
			dst[n], scanned = uint32(at), at+2
			if n++; n == len(dst) {
				return n, scanned
			}
		}
	}
	for i = max(i, scanned); ; {
		read, j := l.kmp(p[i:], 0, w)
		if i += read; j < 2 {
			return n, i - j
		}
		dst[n] = uint32(i - 2)
		if n++; n == len(dst) {
			return n, i
		}
	}
}

// nextRare returns the next place from i on where a literal of two bytes can begin by its rare byte. If there is
// none, it returns the last place of p, where one can begin that does not end in p.
func (l *literal) nextRare(p []byte, i int, w *meter) int {
	q := p[i+l.rareOff:]
	n := indexRare(q, l.rare)
	if n < 0 {
		w.steps += len(q)
		return max(i, len(p)-1)
	}
	w.steps += n + 1
	return i + n
}
