//go:build linux

package resp

// patternMax is the longest pattern of KEYS and SCAN in bytes: keys are compared while others wait for them.
const patternMax = 1024

// glob reports whether the pattern matches the whole of s, by the rules of KEYS: * is any bytes, ? any byte, [a-c] one
// of a set, [^a-c] one outside it, \ takes the next byte as it is. A set that is not closed ends with the pattern.
//
// Only the last * can be made longer, for what a longer earlier one could reach, it reaches too: O(len(pattern)·len(s)) time at
// worst, no memory.
func glob(pattern []byte, s string) bool {
	p, i := 0, 0
	star, from := -1, 0 // the last * and where what follows it was last tried
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			star, from = p, i
			p++
			continue
		}
		if p < len(pattern) {
			if width, ok := globByte(pattern[p:], s[i]); ok {
				p += width
				i++
				continue
			}
		}
		if star < 0 {
			return false
		}
		from++
		p, i = star+1, from
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// globByte reports whether the first item of the pattern, which is no *, matches b, and the bytes that the item takes up.
func globByte(pattern []byte, b byte) (width int, ok bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		return globSet(pattern, b)
	case '\\':
		if len(pattern) > 1 {
			return 2, pattern[1] == b
		}
	}
	return 1, pattern[0] == b
}

// globSet is globByte for a set.
func globSet(pattern []byte, b byte) (width int, ok bool) {
	i := 1
	negated := i < len(pattern) && pattern[i] == '^'
	if negated {
		i++
	}
	for i < len(pattern) && pattern[i] != ']' {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			ok = ok || pattern[i+1] == b
			i += 2
		case i+2 < len(pattern) && pattern[i+1] == '-':
			lo, hi := min(pattern[i], pattern[i+2]), max(pattern[i], pattern[i+2])
			ok = ok || lo <= b && b <= hi
			i += 3
		default:
			ok = ok || pattern[i] == b
			i++
		}
	}
	return min(i+1, len(pattern)), ok != negated
}
