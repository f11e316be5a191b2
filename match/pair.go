package match

import (
	"encoding/binary"
	"math/bits"
)

// A word of bytes of 1, and one of the high bits: (x - ones) &^ x & highs has the high bit of the lowest zero byte of
// x, and of no byte below it. Bits above that one may be wrong, so only the lowest is used.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// wordLen is the bytes of a word.
const wordLen = 8

// indexPair returns the place of the first a with b after it in p, or -1. It is the search's second gear.
//
// It compares eight places at a time: a place is where both p XOR a and the next byte XOR b are 0. It reads p only.
// O(len(p)).
func indexPair(p []byte, a, b byte) int {
	as, bs := uint64(a)*ones, uint64(b)*ones
	q := p
	for len(q) > wordLen {
		x := binary.LittleEndian.Uint64(q) ^ as
		x |= binary.LittleEndian.Uint64(q[1:]) ^ bs
		if hit := (x - ones) &^ x & highs; hit != 0 {
			return len(p) - len(q) + bits.TrailingZeros64(hit)/8
		}
		q = q[wordLen:]
	}
	for i := 1; i < len(q); i++ {
		if q[i-1] == a && q[i] == b {
			return len(p) - len(q) + i - 1
		}
	}
	return -1
}

// indexEither returns the place of the first a or b in p, or -1. O(len(p)).
func indexEither(p []byte, a, b byte) int {
	as, bs := uint64(a)*ones, uint64(b)*ones
	i := 0
	for ; i+wordLen <= len(p); i += wordLen {
		w := binary.LittleEndian.Uint64(p[i:])
		x, y := w^as, w^bs
		if hit := ((x-ones)&^x | (y-ones)&^y) & highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(p); i++ {
		if p[i] == a || p[i] == b {
			return i
		}
	}
	return -1
}

// commonPrefix returns how many first bytes a and b have in common. O(that).
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	a, b = a[:n], b[:n]
	i := 0
	for ; i+wordLen <= n; i += wordLen {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
