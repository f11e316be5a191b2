package match

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// prefixCases are asynchat's examples of find_prefix_at_end, row AC-11 first, and the edges.
var prefixCases = []struct {
	p, literal string
	want       int
}{
	{"qwerty\r", "\r\n", 1},
	{"qwertydkjf", "\r\n", 0},
	{"a\r\n.\r", "\r\n.\r\n", 4},
	{"aab", "aabaa", 3},
	{"x\n", "\n", 0}, // one byte has no proper prefix but the empty one
	{"\r", "\r\n", 1},
	{"\r\n", "\r\n", 0}, // a whole match is not a proper prefix
	{"\r\n\r\n", "\r\n\r\n", 2},
	{"", "\r\n", 0},
	{"abc", "", 0},
	{"", "", 0},
	{strings.Repeat("a", 200), strings.Repeat("a", 100), 99},
	{strings.Repeat("a", 99), strings.Repeat("a", 100), 99},
	{strings.Repeat("a", 98), strings.Repeat("a", 100), 98},
	{strings.Repeat("ab", 100), strings.Repeat("ab", 40) + "c", 80},
	{strings.Repeat("ab", 100) + "a", strings.Repeat("ab", 40) + "c", 79},
}

func TestPrefixAtEnd(t *testing.T) {
	for _, c := range prefixCases {
		if got := PrefixAtEnd([]byte(c.p), []byte(c.literal)); got != c.want {
			t.Errorf("PrefixAtEnd(%q, %q) = %d, want %d", c.p, c.literal, got, c.want)
		}
		if c.literal == "" {
			continue // no Matcher has it
		}
		m := NewMatcher(MustLiteral(c.literal))
		if _, _, found := m.Next([]byte(c.p)); !found && m.Held() != c.want {
			t.Errorf("a Matcher for %q holds %d of %q, want %d", c.literal, m.Held(), c.p, c.want)
		}
	}
}

// Every pair of strings over two letters, up to a length, and random pairs beyond the size that needs no allocation.
func TestPrefixAtEndAgainstNaive(t *testing.T) {
	allStrings("ab", 7, func(s []byte) {
		p := append([]byte(nil), s...)
		allStrings("ab", 7, func(literal []byte) {
			if got, want := PrefixAtEnd(p, literal), naivePrefix(p, literal); got != want {
				t.Fatalf("PrefixAtEnd(%q, %q) = %d, want %d", p, literal, got, want)
			}
		})
	})
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		literal := randomText(r, 1+r.IntN(200))
		p := append(randomText(r, r.IntN(100)), literal[:r.IntN(len(literal))]...)
		if got, want := PrefixAtEnd(p, literal), naivePrefix(p, literal); got != want {
			t.Fatalf("PrefixAtEnd(%q, %q) = %d, want %d", p, literal, got, want)
		}
	}
}

// randomText returns n bytes, of few letters and with repetitions, so that prefixes occur.
func randomText(r *rand.Rand, n int) []byte {
	b := make([]byte, 0, n)
	for len(b) < n {
		if back := r.IntN(len(b) + 1); back > 0 && r.IntN(4) == 0 {
			from := len(b) - back
			b = append(b, b[from:from+r.IntN(back)]...)
		} else {
			b = append(b, "aab\r\n"[r.IntN(5)])
		}
	}
	return b[:n]
}

// Every prefix of the literal agrees with the end of p up to its last byte. What tries one prefix after the other, as
// asynchat does, compares 10^14 bytes here, and does not end before the tests' time is over.
func TestPrefixAtEndIsLinear(t *testing.T) {
	const n = 16 << 20
	p := bytes.Repeat([]byte("a"), n)
	literal := append(bytes.Clone(p), 'b')
	p[n-1] = 'c'
	if got := PrefixAtEnd(p, literal); got != 0 {
		t.Errorf("PrefixAtEnd is %d, want 0", got)
	}
	p[n/2], p[n-1] = 'c', 'a'
	if got, want := PrefixAtEnd(p, literal), n/2-1; got != want {
		t.Errorf("PrefixAtEnd is %d, want %d", got, want)
	}
}
