package match

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestFailure(t *testing.T) {
	allStrings("abc", 9, func(b []byte) {
		if got, want := failure(b), naiveFailure(b); !slices.Equal(got, want) {
			t.Fatalf("failure(%q) = %v, want %v", b, got, want)
		}
	})
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		b := randomText(r, 150)
		if got, want := failure(b), naiveFailure(b); !slices.Equal(got, want) {
			t.Fatalf("failure(%q) = %v, want %v", b, got, want)
		}
	}
}

// What is scanned for first in well-known terminators.
func TestSamples(t *testing.T) {
	for _, c := range []struct {
		literal  string
		pair     string
		offs     [2]uint16
		rare     byte
		more     uint8
		atLeast  int // ways to scan
		fewBytes bool
	}{
		{"\n", "\n\n", [2]uint16{0, 0}, '\n', 0, 1, true},
		{"\r\n", "\r\n", [2]uint16{0, 1}, '\r', 0, 1, true},
		{"\r\n\r\n", "\n\r", [2]uint16{1, 2}, '\r', 1, 1, true}, // CR LF ends every line, LF CR only the last
		{"\r\n.\r\n", ".\r", [2]uint16{2, 3}, '\r', 1, 2, false},
		{"e\x80e", "\x80e", [2]uint16{1, 2}, '\x80', 1, 1, true},
		{"QUIT\n", "QU", [2]uint16{0, 1}, 'Q', 1, 2, false},
		{strings.Repeat(" ", sampleSpan) + "Q", "  ", [2]uint16{0, 1}, ' ', 1, 4, false}, // the Q is too far to see
	} {
		var l literal
		l.compile([]byte(c.literal))
		if err := l.check(); err != nil {
			t.Errorf("%q: %v", c.literal, err)
		}
		s := l.choices[0]
		if string(s.bytes[:2]) != c.pair || [2]uint16(s.offs[:2]) != c.offs || s.bytes[rareSample] != c.rare || s.more != c.more {
			t.Errorf("%q: samples %+v", c.literal, s)
		}
		if len(l.choices) < c.atLeast || c.fewBytes && len(l.choices) != 1 {
			t.Errorf("%q: %d choices", c.literal, len(l.choices))
		}
	}
}

func TestRank(t *testing.T) {
	for i := range len(byCommonness) {
		if strings.IndexByte(byCommonness, byCommonness[i]) != i {
			t.Errorf("%q is listed twice", byCommonness[i])
		}
		if got := rank[byCommonness[i]]; int(got) != i+1 {
			t.Errorf("rank of %q is %d, want %d", byCommonness[i], got, i+1)
		}
	}
	if rank['\x80'] != 0 || rank['\r'] >= rank['\n'] || rank['\n'] >= rank[' '] {
		t.Errorf("ranks: 80 %d, CR %d, LF %d, space %d", rank['\x80'], rank['\r'], rank['\n'], rank[' '])
	}
}
