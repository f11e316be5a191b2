package match

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// guardTexts are terminators of every kind of search.
var guardTexts = [][]string{{"\n"}, {"\r\n"}, {"\r\n\r\n"}, {"\r\n--boundary"}, {"\n", "\r\n"}, {"abcab", "bb", "a"}}

// Scenario 25: every search of the package, on every tier, in slices of 0 to 257 bytes at every alignment, with pages
// that cannot be read on both sides: the slice ends where its page does or up to 63 bytes before, or begins so. What
// is found is what the reference finds.
func TestScenario25GuardPages(t *testing.T) {
	g := newGuarded(t, 8192)
	lengths := []int{319, 512, 1023, 1024, 1025, 2000, 4095} // besides, for searches that few bytes do not bring about
	for n := range 258 {
		lengths = append(lengths, n)
	}
	var texts []guardText
	r := rand.New(rand.NewPCG(25, 0))
	for _, lits := range guardTexts {
		s := newSample(t, lits...)
		for _, n := range lengths {
			texts = append(texts, newGuardText(t, s, kernelText(r, lits[0], n, 4*r.IntN(16))[:n]))
		}
	}
	eachTier(t, func(t *testing.T) {
		for i := range texts {
			for k := range *shifts {
				away := (k*37 + i) % 64
				if k == 0 {
					away = 0
				}
				n := len(texts[i].p)
				end := len(g.inner) - away
				for _, p := range [][]byte{g.inner[away : away+n : away+n], g.inner[end-n : end : end]} {
					copy(p, texts[i].p)
					if err := texts[i].check(p); err != nil {
						t.Fatalf("%v, %d bytes, %d away, %q: %v", texts[i].term, n, away, p, err)
					}
				}
			}
		}
	})
}

// guardText is a text and what the reference finds in it.
type guardText struct {
	term   Terminator
	finder *Finder // of the first literal
	lit    []byte
	p      []byte
	ends   []element
	held   int
	starts []uint32 // of the finder's matches
	prefix int
}

func newGuardText(t *testing.T, s sample, p []byte) guardText {
	t.Helper()
	f, err := NewFinder(s.lits[0])
	if err != nil {
		t.Fatal(err)
	}
	g := guardText{term: s.term, finder: f, lit: s.lits[0], p: p, prefix: naivePrefix(p, s.lits[0])}
	ends, rest := naiveElements(p, s.lits)
	g.ends, g.held = ends, naivePrefix(rest, s.lits...)
	alone, _ := naiveElements(p, s.lits[:1])
	for _, e := range alone {
		g.starts = append(g.starts, uint32(e.end-e.size))
	}
	return g
}

// check searches p, which is the text, in all ways.
func (g *guardText) check(p []byte) error {
	for _, ahead := range []uint8{0, runMost} { // the second looks ahead at once
		m := NewMatcher(g.term)
		m.run = ahead
		if err := g.elements(&m, p); err != nil {
			return err
		}
	}
	if got := PrefixAtEnd(p, g.lit); got != g.prefix {
		return fmt.Errorf("PrefixAtEnd: %d, want %d", got, g.prefix)
	}
	if got, want := g.finder.Index(p), bytes.Index(p, g.lit); got != want {
		return fmt.Errorf("Index: %d, want %d", got, want)
	}
	dst := make([]uint32, len(g.starts)+roundLen)
	if n, _ := g.finder.IndexAll(dst, p); !slices.Equal(dst[:n], g.starts) {
		return fmt.Errorf("IndexAll: %v, want %v", dst[:n], g.starts)
	}
	return nil
}

// elements compares the ends that Cuts finds, one or many at a time.
func (g *guardText) elements(m *Matcher, p []byte) error {
	var cuts [roundLen]Cut
	i := 0
	for at := 0; at < len(p); {
		n, read := m.Cuts(cuts[:], p[at:])
		for _, cut := range cuts[:n] {
			if e := (element{at + int(cut.End), int(cut.Size)}); i == len(g.ends) || g.ends[i] != e {
				return fmt.Errorf("element %d is %v, all are %v", i, e, g.ends)
			}
			i++
		}
		at += read
	}
	if i != len(g.ends) || m.Held() != g.held {
		return fmt.Errorf("%d elements and %d bytes held, want %d and %d", i, m.Held(), len(g.ends), g.held)
	}
	return nil
}
