//go:build !gc || purego || (!amd64 && !arm64)

package match

// scanPair returns the first of the n first places of p at which the samples stand, or n.
func scanPair(p []byte, n int, s *samples, credit int) (at, left int) {
	return scanPairGeneric(p, n, s, credit)
}

// scanRare is scanPair for text that seldom has the rare byte.
func scanRare(p []byte, n int, s *samples, credit int) (at, left int) {
	return scanRareGeneric(p, n, s, credit)
}

// scanFull is scanPair for text that often has the pair.
func scanFull(p []byte, n int, s *samples, credit int) (at, left int) {
	return scanPairGeneric(p, n, s, credit)
}

// all64 writes base plus each of the n first places of p at which the samples stand to dst.
func all64(dst []uint64, p []byte, n int, s *samples, base uint64) (count, done int) {
	return allGeneric(dst, p, n, s, base)
}

// all32 is all64 with entries of 32 bits.
func all32(dst []uint32, p []byte, n int, s *samples, base uint32) (count, done int) {
	return allGeneric(dst, p, n, s, base)
}

// scanSet returns the first place of p that has a byte of s, or len(p).
func scanSet(p []byte, s *[4]byte) (at int) { return scanSetGeneric(p, s) }

// allSet is all64 for the places of p that have a byte of s.
func allSet(dst []uint64, p []byte, s *[4]byte, base uint64) (count, done int) {
	return allSetGeneric(dst, p, s, base)
}

// commonPrefix returns how many first bytes a and b have in common.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	return samePlain(a[:n], b[:n])
}
