//go:build gc && !purego

package match

import "unsafe"

// scanPair returns the first of the n first places of p at which the samples stand, or n; see scanPairNEON. p is long
// enough for the samples at every place.
func scanPair(p []byte, n int, s *samples, credit int) (at, left int) {
	if n < minPlace || inForce() != neon {
		return scanPairGeneric(p, n, s, credit)
	}
	raceSamples(p, n, s)
	return scanPairNEON(&p[0], n, s.address(), credit)
}

// scanRare is scanPair for text that seldom has the rare byte.
func scanRare(p []byte, n int, s *samples, credit int) (at, left int) {
	switch {
	case n < minPlace:
		return scanPairGeneric(p, n, s, credit)
	case inForce() != neon:
		return scanRareGeneric(p, n, s, credit)
	}
	raceSamples(p, n, s)
	return scanRareNEON(&p[0], n, s.address(), credit)
}

// scanFull is scanPair for text that often has the pair.
func scanFull(p []byte, n int, s *samples, credit int) (at, left int) {
	if n < minPlace || inForce() != neon {
		return scanPairGeneric(p, n, s, credit)
	}
	raceSamples(p, n, s)
	return scanFullNEON(&p[0], n, s.address(), credit)
}

// all64 writes base plus each of the n first places of p at which the samples stand to dst; see all64NEON. n is at
// least roundLen, and so is the length of dst.
func all64(dst []uint64, p []byte, n int, s *samples, base uint64) (count, done int) {
	if inForce() != neon {
		return allGeneric(dst, p, n, s, base)
	}
	raceSamples(p, n, s)
	return all64NEON(&dst[0], len(dst), &p[0], n, s.address(), base)
}

// all32 is all64 with entries of 32 bits.
func all32(dst []uint32, p []byte, n int, s *samples, base uint32) (count, done int) {
	if inForce() != neon {
		return allGeneric(dst, p, n, s, base)
	}
	raceSamples(p, n, s)
	return all32NEON(&dst[0], len(dst), &p[0], n, s.address(), base)
}

// scanSet returns the first place of p that has a byte of s, or len(p).
func scanSet(p []byte, s *[4]byte) (at int) {
	if len(p) < minPlace || inForce() != neon {
		return scanSetGeneric(p, s)
	}
	raceRead(p)
	return scanSetNEON(&p[0], len(p), &s[0])
}

// allSet is all64 for the places of p that have a byte of s. p is at least roundLen long, and so is dst.
func allSet(dst []uint64, p []byte, s *[4]byte, base uint64) (count, done int) {
	if inForce() != neon {
		return allSetGeneric(dst, p, s, base)
	}
	raceRead(p)
	return allSetNEON(&dst[0], len(dst), &p[0], len(p), &s[0], base)
}

// commonPrefix returns how many first bytes a and b have in common.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	if n < minPlace || inForce() != neon {
		return samePlain(a[:n], b[:n])
	}
	raceRead(a[:n])
	raceRead(b[:n])
	return sameNEON(&a[0], &b[0], n)
}

// address returns where the kernels find s.
func (s *samples) address() *byte { return (*byte)(unsafe.Pointer(s)) }
