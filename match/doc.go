// Package match finds the ends of a stream's elements.
//
// A protocol is a state machine over terminators: a line ends at CRLF, a header block at an empty line, a body after
// so many bytes. A [Terminator] says what ends the next element, a [Matcher] walks the stream and finds it, and the
// caller is left with the protocol. The idea is asynchat's (Python, set_terminator and found_terminator); the machine
// under it is new.
//
// # The carry
//
// A stream arrives in pieces that know nothing of elements. When a piece ends inside a terminator, the bytes of it
// that have arrived must be neither delivered as data nor forgotten. A Matcher keeps them as one integer: the bytes
// held back are the first bytes of the terminator, so their number says everything, and [Matcher.HeldBytes] can show
// them without having stored them. No byte is compared again because the stream was cut before it.
//
// # Kinds of terminator
//
//   - [None], the zero value: nothing ends the element.
//   - [Literal]: a string of 1 byte to 64 KiB.
//   - [Any]: several literals; the one that ends first ends the element, and of those that end together the longest.
//   - [Count]: exactly so many bytes.
//
// Elements do not overlap: the search begins anew after each terminator.
//
// # Time and space
//
// All work is linear in the bytes received, for every terminator, every input and every way of cutting the input up,
// single bytes included:
//
//   - A literal costs at most 8 steps a byte and 1024 more for each Matcher, Index or IndexAll, and Index, which has a
//     quick look first, one more a byte. A step is a byte scanned or a byte compared; a candidate that proved false
//     counts 16 steps on top, for what it costs to leave a fast loop.
//   - An Any costs at most 20 steps a byte: two transitions, of at most ten label compares each.
//   - A Count costs nothing a byte.
//   - Each time that a caller of Cuts stops before the last cut, as many bytes as it has read since it last did, and 512
//     more, may have been looked at for nothing.
//
// The search for a literal is Knuth, Morris and Pratt's, with a scan by vector instructions before it; see the comment
// on search in search.go, and docs/match.md for the whole. A compiled literal takes 5 bytes of memory a byte and some 200
// more, an Any 22 bytes a byte, 4 a literal and 1 KiB, and is shared by all copies of its Terminator.
//
// # Vector instructions
//
// The inner loops are assembly for AVX-512 (BW, VL, VBMI2), AVX2 and SSE2 on amd64 and for NEON on arm64, and plain Go
// elsewhere and under the build tag purego. The best that the machine has is chosen when the program starts; the
// environment variable MILLRACE_SIMD (avx512, avx2, sse2, neon, generic) or [SetSIMD] chooses another. What is found
// never depends on it. No kernel reads a byte outside the slices it is given, and none runs for longer than 64 KiB take.
//
// Sources: D. E. Knuth, J. H. Morris, V. R. Pratt, "Fast pattern matching in strings", SIAM Journal on Computing
// 6(2), 1977; A. V. Aho, M. J. Corasick, "Efficient string matching: an aid to bibliographic search", Communications
// of the ACM 18(6), 1975.
package match
