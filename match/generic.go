package match

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// The kernels in plain Go: for machines without assembly, for a few places, and as what the others are tested against.
// They look at eight places at a time.

// A word of bytes of 1, and one of bytes without their high bits.
const (
	ones = 0x0101010101010101
	lows = 0x7f7f7f7f7f7f7f7f
)

// wordLen is the bytes of a word.
const wordLen = 8

// zeros returns a word with the high bit of each byte set that is 0 in x, and no other.
func zeros(x uint64) uint64 { return ^(x&lows + lows | x | lows) }

// word returns the eight bytes of p from i on.
func word(p []byte, i int) uint64 { return binary.LittleEndian.Uint64(p[i:]) }

// places returns a word with the high bit of each byte set for which the samples a and b stand at i plus its number.
func (s *samples) places(p []byte, i, a, b int) uint64 {
	x := word(p, i+int(s.offs[a])) ^ uint64(s.bytes[a])*ones
	x |= word(p, i+int(s.offs[b])) ^ uint64(s.bytes[b])*ones
	return zeros(x)
}

// stand reports whether the samples stand at i.
func (s *samples) stand(p []byte, i int) bool {
	for k, off := range s.offs[:rareSample] {
		if p[i+int(off)] != s.bytes[k] {
			return false
		}
	}
	return true
}

// nearWords is how many words without a pair are looked at before a scan for the rare byte pays.
const nearWords = 3

// nextRare returns the first place from i on, before n, at which the rare byte stands, or n. Over a distance that is
// faster than a word at a time.
func (s *samples) nextRare(p []byte, i, n int) int {
	off := int(s.offs[rareSample])
	k := bytes.IndexByte(p[i+off:n+off], s.bytes[rareSample])
	if k < 0 {
		return n
	}
	return i + k
}

// nextPair returns the next word of eight places, from i on and before n, in which the pair stands, and those places as
// places does; 0 if there is none, and at is then behind the last word.
func (s *samples) nextPair(p []byte, i, n int) (at int, pair uint64) {
	for near := nearWords; i+wordLen <= n; i += wordLen {
		if pair = s.places(p, i, 0, 1); pair != 0 {
			return i, pair
		}
		if near--; near < 0 {
			i, near = s.nextRare(p, i+wordLen, n)-wordLen, nearWords
		}
	}
	return i, 0
}

// scanPairGeneric is scanPair: a word at a time, or further where there is nothing, then place by place. O(n).
func scanPairGeneric(p []byte, n int, s *samples, credit int) (at, left int) {
	i, pair := s.nextPair(p, 0, n)
	for pair != 0 {
		if pair &= s.places(p, i, 2, 3); pair != 0 {
			return i + bits.TrailingZeros64(pair)/8, credit
		}
		i += wordLen
		if credit--; credit < 0 {
			return i, credit
		}
		i, pair = s.nextPair(p, i, n)
	}
	for ; i < n; i++ {
		if s.stand(p, i) {
			return i, credit
		}
	}
	return n, credit
}

// scanRareGeneric is scanRare: what package bytes has for one byte, and a look at each place it finds. O(n).
func scanRareGeneric(p []byte, n int, s *samples, credit int) (at, left int) {
	off := int(s.offs[rareSample])
	for i := 0; i < n; i++ {
		k := bytes.IndexByte(p[i+off:n+off], s.bytes[rareSample])
		if k < 0 {
			break
		}
		if i += k; s.stand(p, i) {
			return i, credit
		}
		if credit--; credit < 0 {
			return i + 1, credit
		}
	}
	return n, credit
}

// allGeneric is all32 and all64. O(n).
func allGeneric[E uint32 | uint64](dst []E, p []byte, n int, s *samples, base E) (count, done int) {
	i, pair := s.nextPair(p, 0, n)
	for pair != 0 {
		if s.more != 0 {
			pair &= s.places(p, i, 2, 3)
		}
		if len(dst)-count < roundLen {
			return count, i
		}
		count += spread(dst[count:], pair, base+E(i))
		i, pair = s.nextPair(p, i+wordLen, n)
	}
	for ; i < n; i++ {
		if s.stand(p, i) {
			if count == len(dst) {
				return count, i
			}
			dst[count] = base + E(i)
			count++
		}
	}
	return count, n
}

// spread writes base plus the number of each byte of a word whose high bit is set, and returns how many there are.
func spread[E uint32 | uint64](dst []E, highs uint64, base E) (count int) {
	for ; highs != 0; highs &= highs - 1 {
		dst[count] = base + E(bits.TrailingZeros64(highs)/8)
		count++
	}
	return count
}

// members returns a word with the high bit of each byte set that is a byte of s in x.
func members(x uint64, s *[4]byte) uint64 {
	return zeros(x^uint64(s[0])*ones) | zeros(x^uint64(s[1])*ones) | zeros(x^uint64(s[2])*ones) | zeros(x^uint64(s[3])*ones)
}

// isMember reports whether c is a byte of s.
func isMember(c byte, s *[4]byte) bool { return c == s[0] || c == s[1] || c == s[2] || c == s[3] }

// scanSetGeneric is scanSet. O(n).
func scanSetGeneric(p []byte, s *[4]byte) (at int) {
	i := 0
	for ; i+wordLen <= len(p); i += wordLen {
		if hits := members(word(p, i), s); hits != 0 {
			return i + bits.TrailingZeros64(hits)/8
		}
	}
	for i < len(p) && !isMember(p[i], s) {
		i++
	}
	return i
}

// allSetGeneric is allSet. O(n).
func allSetGeneric(dst []uint64, p []byte, s *[4]byte, base uint64) (count, done int) {
	i := 0
	for ; i+wordLen <= len(p); i += wordLen {
		if hits := members(word(p, i), s); hits != 0 {
			if len(dst)-count < roundLen {
				return count, i
			}
			count += spread(dst[count:], hits, base+uint64(i))
		}
	}
	for ; i < len(p); i++ {
		if isMember(p[i], s) {
			if count == len(dst) {
				return count, i
			}
			dst[count] = base + uint64(i)
			count++
		}
	}
	return count, i
}

// samePlain is commonPrefix for slices of one length. O(what it returns).
func samePlain(a, b []byte) int {
	i := 0
	for ; i+wordLen <= len(a); i += wordLen {
		if x := word(a, i) ^ word(b, i); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i
}
