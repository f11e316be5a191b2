//go:build gc && !purego

package match

// Written by hand, and so is kernels_arm64.s.

// scanRareNEON finds a literal by its samples.
//
// It returns the first place i < n at which the samples stand, that is p[i+off[k]] == byte[k] for every k, or n. It takes
// one from credit for each block that had to be looked at closely and in which they do not stand, and when that makes it
// negative it returns the next place that was not examined.
//
//	for each block of 4 vectors, then for the last block; or, if there is none, for each vector, then for the last vector
//	(the second block is aligned, and overlaps the first; the last ones overlap those before)
//	    if the rare byte stands in it
//	        if the samples stand in it: return the first place
//	        credit--; if credit < 0: return the place behind it
//	return n, credit
//
// It reads p[min(off)] to p[n-1+max(off)]. n must be at least 16. Worst case: every block is examined twice, O(n), with
// 4 compares more for each vector.
//
//go:noescape
func scanRareNEON(p *byte, n int, s *byte, credit int) (at int, left int)

// scanPairNEON finds a literal by its samples.
//
// It returns the first place i < n at which the samples stand, that is p[i+off[k]] == byte[k] for every k, or n. It takes
// one from credit for each block that had to be looked at closely and in which they do not stand, and when that makes it
// negative it returns the next place that was not examined.
//
//	for each block of 4 vectors, then for the last block; or, if there is none, for each vector, then for the last vector
//	(the second block is aligned, and overlaps the first; the last ones overlap those before)
//	    if the pair stands in it
//	        if the samples stand in it: return the first place
//	        credit--; if credit < 0: return the place behind it
//	return n, credit
//
// It reads p[min(off)] to p[n-1+max(off)]. n must be at least 16. Worst case: every block is examined twice, O(n), with
// 4 compares more for each vector.
//
//go:noescape
func scanPairNEON(p *byte, n int, s *byte, credit int) (at int, left int)

// scanFullNEON finds a literal by its samples.
//
// It returns the first place i < n at which the samples stand, that is p[i+off[k]] == byte[k] for every k, or n. It takes
// one from credit for each block that had to be looked at closely and in which they do not stand, and when that makes it
// negative it returns the next place that was not examined.
//
//	for each block of 4 vectors, then for the last block; or, if there is none, for each vector, then for the last vector
//	(the second block is aligned, and overlaps the first; the last ones overlap those before)
//	    if the samples stand in it
//	        if the samples stand in it: return the first place
//	        credit--; if credit < 0: return the place behind it
//	return n, credit
//
// It reads p[min(off)] to p[n-1+max(off)]. n must be at least 16. Worst case: every block is examined twice, O(n), with
// 4 compares more for each vector.
//
//go:noescape
func scanFullNEON(p *byte, n int, s *byte, credit int) (at int, left int)

// scanSetNEON finds the first of a few bytes.
//
// It returns the first place i < n of a byte of s, or n.
//
//	for each block of 4 vectors, then for the last block; or, if there is none, for each vector, then for the last vector
//	(the second block is aligned, and overlaps the first; the last ones overlap those before)
//	    if a byte of s is in it: return its place
//	return n
//
// It reads p[0] to p[n-1]. n must be at least 16. Worst case: O(n).
//
//go:noescape
func scanSetNEON(p *byte, n int, s *byte) (at int)

// all32NEON finds every place at which the samples of a literal stand.
//
// It writes base plus each place i < n at which they stand to dst, in order, and returns how many it has written and the
// place it has come to. It stops short of n when fewer than 64 free entries are left of the room that dst has: a round
// may write 64, and writes beyond what it counts.
//
//	for each 64 places, then for the last 64, of which only the new ones count
//	    if room - count < 64: return count, i
//	    bits = the places at which they stand
//	    write base + i + each bit's number
//	return count, n
//
// It reads p[min(off)] to p[n-1+max(off)]. n must be at least 64. Worst case: O(n), 64 entries for each 64 places.
//
//go:noescape
func all32NEON(dst *uint32, room int, p *byte, n int, s *byte, base uint32) (count int, done int)

// all64NEON finds every place at which the samples of a literal stand.
//
// It writes base plus each place i < n at which they stand to dst, in order, and returns how many it has written and the
// place it has come to. It stops short of n when fewer than 64 free entries are left of the room that dst has: a round
// may write 64, and writes beyond what it counts.
//
//	for each 64 places, then for the last 64, of which only the new ones count
//	    if room - count < 64: return count, i
//	    bits = the places at which they stand
//	    write base + i + each bit's number
//	return count, n
//
// It reads p[min(off)] to p[n-1+max(off)]. n must be at least 64. Worst case: O(n), 64 entries for each 64 places.
//
//go:noescape
func all64NEON(dst *uint64, room int, p *byte, n int, s *byte, base uint64) (count int, done int)

// allSetNEON finds every place at which one of a few bytes stands.
//
// It writes base plus each place i < n at which they stand to dst, in order, and returns how many it has written and the
// place it has come to. It stops short of n when fewer than 64 free entries are left of the room that dst has: a round
// may write 64, and writes beyond what it counts.
//
//	for each 64 places, then for the last 64, of which only the new ones count
//	    if room - count < 64: return count, i
//	    bits = the places at which they stand
//	    write base + i + each bit's number
//	return count, n
//
// It reads p[min(off)] to p[n-1+max(off)]. n must be at least 64. Worst case: O(n), 64 entries for each 64 places.
//
//go:noescape
func allSetNEON(dst *uint64, room int, p *byte, n int, s *byte, base uint64) (count int, done int)

// sameNEON returns how many first bytes of a and b, of n, are the same.
//
//	for the first 16 bytes, as two words
//	then for each block of 4 vectors, then for the last block; or, if there is none, for each vector, then for the last
//	(which overlap those before)
//	    if a and b differ in it: return the first place
//	return n
//
// It reads n bytes of each. n must be at least 16. Worst case: O(n).
//
//go:noescape
func sameNEON(a *byte, b *byte, n int) int
