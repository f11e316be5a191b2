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

// What is scanned for in well-known terminators.
func TestRareBytes(t *testing.T) {
	for _, c := range []struct {
		literal string
		rare    byte
		rareOff int
		pair    string
		pairOff int
	}{
		{"\n", '\n', 0, "\x00\x00", 0},
		{"\r\n", '\r', 0, "\r\n", 0},
		{"\r\n\r\n", '\r', 2, "\n\r", 1}, // CR LF ends every line, LF CR only the last
		{"\r\n.\r\n", '\r', 3, ".\r", 2},
		{"e\x80e", '\x80', 1, "e\x80", 0},
		{"QUIT\n", 'Q', 0, "QU", 0},
		{strings.Repeat(" ", rareWindow) + "Q", ' ', 0, "  ", 0}, // too far to pay
	} {
		l := compile([]byte(c.literal))
		if err := l.check(); err != nil {
			t.Errorf("%q: %v", c.literal, err)
		}
		if l.rare != c.rare || l.rareOff != c.rareOff || string(l.pair[:]) != c.pair || l.pairOff != c.pairOff {
			t.Errorf("%q: rare %q at %d, pair %q at %d", c.literal, l.rare, l.rareOff, l.pair, l.pairOff)
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
