//go:build gc && !purego

package match

import "unsafe"

//go:generate go -C _asm run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg match

// scanPair returns the first of the n first places of p at which the samples stand, or n, which is at least 1; see
// scanPairAVX2. p is long enough for the samples at every place.
func scanPair(p []byte, n int, s *samples, credit int) (at, left int) {
	raceSamples(p, n, s)
	return scanPairBest(unsafe.SliceData(p), n, s, credit)
}

// scanRare is scanPair for text that seldom has the rare byte.
func scanRare(p []byte, n int, s *samples, credit int) (at, left int) {
	raceSamples(p, n, s)
	return scanRareBest(unsafe.SliceData(p), n, s, credit)
}

// scanFull is scanPair for text that often has the pair.
func scanFull(p []byte, n int, s *samples, credit int) (at, left int) {
	raceSamples(p, n, s)
	return scanFullBest(unsafe.SliceData(p), n, s, credit)
}

// The entries of the scans, in dispatch_amd64.s, go to the kernel of the tier in force.
//
//go:noescape
func scanPairBest(p *byte, n int, s *samples, credit int) (at, left int)

//go:noescape
func scanRareBest(p *byte, n int, s *samples, credit int) (at, left int)

//go:noescape
func scanFullBest(p *byte, n int, s *samples, credit int) (at, left int)

// scanPairPlain is scanPairGeneric for the entries.
//
//lint:ignore U1000 dispatch_amd64.s jumps to it
func scanPairPlain(p *byte, n int, s *samples, credit int) (at, left int) {
	return scanPairGeneric(s.window(p, n), n, s, credit)
}

// scanRarePlain is scanRareGeneric for the entries.
//
//lint:ignore U1000 dispatch_amd64.s jumps to it
func scanRarePlain(p *byte, n int, s *samples, credit int) (at, left int) {
	return scanRareGeneric(s.window(p, n), n, s, credit)
}

// window returns the bytes at p that the samples can stand at, at n places.
func (s *samples) window(p *byte, n int) []byte {
	return unsafe.Slice(p, n+int(max(s.offs[0], s.offs[1], s.offs[2], s.offs[3])))
}

// all64 writes base plus each of the n first places of p at which the samples stand to dst; see all64AVX2. n is at
// least roundLen, and so is the length of dst.
func all64(dst []uint64, p []byte, n int, s *samples, base uint64) (count, done int) {
	raceSamples(p, n, s)
	switch inForce() {
	case avx512:
		return all64AVX512(&dst[0], len(dst), &p[0], n, s.address(), base)
	case avx2:
		return all64AVX2(&dst[0], len(dst), &p[0], n, s.address(), base)
	case sse2:
		return all64SSE2(&dst[0], len(dst), &p[0], n, s.address(), base)
	}
	return allGeneric(dst, p, n, s, base)
}

// all32 is all64 with entries of 32 bits.
func all32(dst []uint32, p []byte, n int, s *samples, base uint32) (count, done int) {
	raceSamples(p, n, s)
	switch inForce() {
	case avx512:
		return all32AVX512(&dst[0], len(dst), &p[0], n, s.address(), base)
	case avx2:
		return all32AVX2(&dst[0], len(dst), &p[0], n, s.address(), base)
	case sse2:
		return all32SSE2(&dst[0], len(dst), &p[0], n, s.address(), base)
	}
	return allGeneric(dst, p, n, s, base)
}

// scanSet returns the first place of p that has a byte of s, or len(p).
func scanSet(p []byte, s *[4]byte) (at int) {
	if len(p) < minPlace {
		return scanSetGeneric(p, s)
	}
	raceRead(p)
	switch inForce() {
	case avx512:
		return scanSetAVX512(&p[0], len(p), &s[0])
	case avx2:
		return scanSetAVX2(&p[0], len(p), &s[0])
	case sse2:
		return scanSetSSE2(&p[0], len(p), &s[0])
	}
	return scanSetGeneric(p, s)
}

// allSet is all64 for the places of p that have a byte of s. p is at least roundLen long, and so is dst.
func allSet(dst []uint64, p []byte, s *[4]byte, base uint64) (count, done int) {
	raceRead(p)
	switch inForce() {
	case avx512:
		return allSetAVX512(&dst[0], len(dst), &p[0], len(p), &s[0], base)
	case avx2:
		return allSetAVX2(&dst[0], len(dst), &p[0], len(p), &s[0], base)
	case sse2:
		return allSetSSE2(&dst[0], len(dst), &p[0], len(p), &s[0], base)
	}
	return allSetGeneric(dst, p, s, base)
}

// commonPrefix returns how many first bytes a and b have in common.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	t := inForce()
	if n < minPlace || t == generic {
		return samePlain(a[:n], b[:n])
	}
	raceRead(a[:n])
	raceRead(b[:n])
	if t == sse2 {
		return sameSSE2(&a[0], &b[0], n)
	}
	return sameAVX2(&a[0], &b[0], n) // AVX-512 gains nothing: most compares are short
}

// address returns where the kernels find s.
func (s *samples) address() *byte { return (*byte)(unsafe.Pointer(s)) }
