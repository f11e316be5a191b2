package match

// PrefixAtEnd returns the LENGTH in bytes of the longest proper prefix of literal that p ends with, 0 if there is
// none: the bytes that must be held back at the end of a read because the rest of the literal may follow. It is
// asynchat's find_prefix_at_end. Neither slice is kept or written to, and any goroutine may call it.
//
// O(min(len(p), len(literal))) time and space; up to 64 bytes it allocates nothing. For a stream, use a Matcher,
// which carries the answer along.
func PrefixAtEnd(p, literal []byte) int {
	k := min(len(p), len(literal)-1)
	if k <= 0 {
		return 0
	}
	p, literal = p[len(p)-k:], literal[:k]
	var stack [64]int32
	border := stack[:]
	if k > len(stack) {
		border = make([]int32, k)
	}
	// border[j-1] is the longest border of literal[:j]. The strong failure function would not do: after k matched
	// bytes there may be no next byte to tell apart.
	j := int32(0)
	for i := 1; i < k; i++ {
		for j > 0 && literal[j] != literal[i] {
			j = border[j-1]
		}
		if literal[j] == literal[i] {
			j++
		}
		border[i] = j
	}
	// All k bytes can match only at the last of them, so literal[j] is always there.
	j = 0
	for _, c := range p {
		for j > 0 && literal[j] != c {
			j = border[j-1]
		}
		if literal[j] == c {
			j++
		}
	}
	return int(j)
}
