package match

// failure returns the strong failure function of b (Knuth, Morris and Pratt 1977, there called next): after b[:j] has
// matched and the byte after it is not b[j], the search goes on with b[:fail[j]] matched and compares that byte with
// b[fail[j]], which is another byte than b[j]; -1 says that no b[j] can match that byte, so that the search goes on
// after it with nothing matched. fail[j] is the longest border of b[:j] with such a continuation.
//
// O(len(b)) time and space. Along one chain of failures there are at most log_φ(len(b)) entries.
func failure(b []byte) []int32 {
	fail := make([]int32, len(b))
	if len(b) == 0 {
		return fail
	}
	fail[0] = -1
	border := int32(0) // the longest border of b[:j]
	for j := 1; j < len(b); j++ {
		if b[j] == b[border] {
			fail[j] = fail[border]
		} else {
			fail[j] = border
			for border >= 0 && b[j] != b[border] {
				border = fail[border]
			}
		}
		border++
	}
	return fail
}

// kmp is the plain search: it reads p after a stream that ends with the j first bytes of the literal, and stops
// after the first match. It returns the bytes of p it has read and how many bytes of the literal match
// now: all of them after a match. At most 2·len(p) compares, over a whole stream.
func (l *literal) kmp(p []byte, j int, w *meter) (read, matched int) {
	b := l.bytes
	fail := l.fail[:len(b)]
	falls := 0
	for i, c := range p {
		for uint(j) < uint(len(b)) && b[j] != c { // -1 ends it too
			j = int(fail[j])
			falls++
		}
		if j++; j == len(b) {
			w.steps += i + 1 + falls
			return i + 1, j
		}
	}
	w.steps += len(p) + falls
	return len(p), j
}

// border returns the length of the longest proper prefix of b, not empty, that b ends with: then matches of b can
// overlap. O(len(b)) time and space.
func border(b []byte) int {
	return PrefixAtEnd(b[1:], b)
}
