//go:build linux

package resp

import "math"

// parseInt reads a decimal number as Redis has it, and nothing else: no plus, no leading zeros, no minus zero, no space. false if p is
// none, or passes 64 bits.
func parseInt(p []byte) (int64, bool) {
	negative := len(p) > 0 && p[0] == '-'
	if negative {
		p = p[1:]
	}
	if len(p) == 0 || len(p) > 19 || p[0] == '0' && (negative || len(p) > 1) {
		return 0, false
	}
	n := uint64(0) // 19 digits fit
	for _, b := range p {
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + uint64(b-'0')
	}
	switch {
	case !negative && n <= math.MaxInt64:
		return int64(n), true
	case negative && n <= -math.MinInt64:
		return -int64(n), true
	}
	return 0, false
}

// lineNumber reads the number of a multibulk's or a bulk's line: digits, then a CR (the line's LF is cut off).
func lineNumber(p []byte) (int64, bool) {
	last := len(p) - 1
	if last < 0 || p[last] != '\r' {
		return 0, false
	}
	return parseInt(p[:last])
}

// isWord reports whether p is the word lower, which has no capitals, in any case.
func isWord(p []byte, lower string) bool {
	if len(p) != len(lower) {
		return false
	}
	for i, b := range p {
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}
