package main

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// collected is a channel that keeps its elements.
type collected struct {
	elements []string
	current  []byte
}

func (c *collected) collectIncomingData(p []byte) { c.current = append(c.current, p...) }

func (c *collected) foundTerminator() {
	c.elements = append(c.elements, string(c.current))
	c.current = nil
}

// split returns the elements that end in p, and what is left behind them.
func split(p, terminator []byte) (elements []string, rest []byte) {
	for {
		before, after, found := bytes.Cut(p, terminator)
		if !found {
			return elements, p
		}
		elements = append(elements, string(before))
		p = after
	}
}

func TestAsynchatCutsAsSplitDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		p := make([]byte, n)
		for i := range p {
			p[i] = "ab"[r.IntN(2)]
		}
		return p
	}
	for range 20_000 {
		terminator, stream := random(1+r.IntN(5)), random(r.IntN(40))
		got := &collected{}
		a := &asynchat{channel: got, terminator: terminator}
		for p := stream; len(p) > 0; {
			n := 1 + r.IntN(len(p))
			a.handleRead(p[:n])
			p = p[n:]
		}
		want, rest := split(stream, terminator)
		if !slices.Equal(got.elements, want) {
			t.Fatalf("%q cut at %q: %q, want %q", stream, terminator, got.elements, want)
		}
		held := findPrefixAtEnd(rest, terminator)
		if left := string(got.current); left+string(a.in) != string(rest) || len(a.in) != held {
			t.Fatalf("%q cut at %q: %q left and %q held back, of %q", stream, terminator, left, a.in, rest)
		}
	}
}

func TestFindPrefixAtEnd(t *testing.T) {
	for _, tt := range []struct {
		haystack, needle string
		want             int
	}{
		{"qwerty\r", "\r\n", 1},
		{"qwertydkjf", "\r\n", 0},
		{"a\r\n.\r", "\r\n.\r\n", 4},
		{"aab", "aabaa", 3},
		{"a", "a", 0},
		{"", "ab", 0},
	} {
		if got := findPrefixAtEnd([]byte(tt.haystack), []byte(tt.needle)); got != tt.want {
			t.Errorf("%q, %q: %d, want %d", tt.haystack, tt.needle, got, tt.want)
		}
	}
}
