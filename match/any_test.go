package match

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// Earliest end wins, and on a tie the longest.
func TestAnyChoice(t *testing.T) {
	for _, c := range []struct {
		lits      []string
		p         string
		end, size int
	}{
		{[]string{"abcd", "bc"}, "abcd", 3, 2},
		{[]string{"\n", "\r\n"}, "x\r\n", 3, 2},
		{[]string{"\n", "\r\n"}, "x\n", 2, 1},
		{[]string{"\r", "\r\n"}, "x\r\n", 2, 1}, // CR ends first: the LF begins the next element
		{[]string{"c", "bc", "abc"}, "xabc", 4, 3},
		{[]string{"c", "bc", "abc"}, "xxbc", 4, 2},
		{[]string{"abcde", "bcx", "cd"}, "abcd", 4, 2},
		{[]string{"ab", "abcd"}, "abcd", 2, 2},
	} {
		s := newSample(t, c.lits...)
		m := NewMatcher(s.term)
		if end, size, found := m.Next([]byte(c.p)); !found || end != c.end || size != c.size {
			t.Errorf("%v in %q: %d %d %v, want %d %d", s.term, c.p, end, size, found, c.end, c.size)
		}
	}
}

// The failures and outputs of random sets of literals, against their definition.
func TestAutomaton(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		var lits []string
		for range 2 + r.IntN(8) {
			lits = append(lits, string(randomText(r, 1+r.IntN(12))))
		}
		s := newSample(t, lits...)
		a := s.term.prog.any
		nodes := make(map[string]bool)
		for v := range int32(len(a.labels)) {
			nodes[string(a.path(v))] = true
		}
		if len(nodes) != len(a.labels) {
			t.Fatalf("%q: %d nodes spell %d paths", lits, len(a.labels), len(nodes))
		}
		for v := range int32(len(a.labels)) {
			path := a.path(v)
			fail, out := "", 0
			for i := 1; i < len(path); i++ {
				if nodes[string(path[i:])] {
					fail = string(path[i:])
					break
				}
			}
			for _, lit := range s.lits {
				if bytes.HasSuffix(path, lit) {
					out = max(out, len(lit))
				}
			}
			if got := string(a.path(a.nodes[v].fail)); got != fail || int(a.nodes[v].out) != out {
				t.Fatalf("%q: node %q fails to %q and puts out %d, want %q and %d", lits, path, got, a.nodes[v].out, fail, out)
			}
		}
	}
}

// The largest Any: a quarter of a million literals that share little. Memory is what the package comment says.
func TestLargestAny(t *testing.T) {
	const length = 4
	text := make([]byte, MaxAnyBytes)
	lits := make([][]byte, 0, MaxAnyBytes/length)
	for i := range MaxAnyBytes / length {
		lit := text[i*length : (i+1)*length]
		binary.BigEndian.PutUint32(lit, uint32(i)*2654435761)
		lits = append(lits, lit)
	}
	term, err := Any(lits...)
	if err != nil {
		t.Fatal(err)
	}
	a := term.prog.any
	if err := a.check(); err != nil {
		t.Fatal(err)
	}
	size := cap(a.text) + 4*cap(a.ends) + 20*cap(a.nodes) + cap(a.labels)
	if limit := 24 * MaxAnyBytes; size > limit {
		t.Errorf("%d bytes for %d bytes of literals, want at most %d", size, MaxAnyBytes, limit)
	}
	m := NewMatcher(term)
	for i := 0; i < len(lits); i += 997 {
		m.Reset(term)
		if end, size, found := m.Next(lits[i]); !found || end > length || size != length {
			t.Fatalf("literal %x: %d %d %v", lits[i], end, size, found)
		}
	}
}
