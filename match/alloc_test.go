package match

import (
	"strings"
	"testing"
)

// The hot path does not allocate, whatever the terminator and the piece.
func TestNoAllocation(t *testing.T) {
	count, err := Count(1 << 40)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("a line of text\r\n\r\r\n.\r", 100))
	dst := make([]uint32, 1000)
	cuts := make([]Cut, 256)
	terms := []Terminator{None, LF, CRLF, CRLFCRLF, count, newSample(t, "\n", "\r\n").term,
		newSample(t, "text", "line", "\r\r").term, MustLiteral(strings.Repeat("a", 1000) + "b")}
	for _, term := range terms {
		for _, piece := range []int{len(text), 64, 1} {
			m := NewMatcher(term)
			allocs := testing.AllocsPerRun(20, func() {
				for from := 0; from < len(text); from += piece {
					for p := text[from:min(from+piece, len(text))]; len(p) > 0; {
						end, _, _ := m.Next(p)
						p = p[end:]
					}
					if m.Held() != len(m.HeldBytes()) || m.Remaining() != m.Terminator().Count() {
						t.Errorf("%v: %d held", term, m.Held())
					}
				}
				for p := text; len(p) > 0; {
					_, read := m.Cuts(cuts, p)
					p = p[read:]
				}
				m.Reset(term)
			})
			if allocs != 0 {
				t.Errorf("%v in pieces of %d: %v allocations", term, piece, allocs)
			}
		}
		if allocs := testing.AllocsPerRun(20, func() { sink = term.Bytes() }); allocs != 0 {
			t.Errorf("%v: Bytes makes %v allocations", term, allocs)
		}
	}
	for _, literal := range []string{"\n", "\r\n", "\r\n.\r\n", strings.Repeat("a", 1000) + "b"} {
		f, err := NewFinder([]byte(literal))
		if err != nil {
			t.Fatal(err)
		}
		if allocs := testing.AllocsPerRun(20, func() { sinkInt = f.Index(text) }); allocs != 0 {
			t.Errorf("%q: Index makes %v allocations", literal, allocs)
		}
		if allocs := testing.AllocsPerRun(20, func() { sinkInt, _ = f.IndexAll(dst, text) }); allocs != 0 {
			t.Errorf("%q: IndexAll makes %v allocations", literal, allocs)
		}
	}
	if allocs := testing.AllocsPerRun(20, func() { sinkInt = PrefixAtEnd(text, text[:64]) }); allocs != 0 {
		t.Errorf("PrefixAtEnd makes %v allocations for a short literal", allocs)
	}
}

// Results go here so that no call is optimized away.
var (
	sink    []byte
	sinkInt int
)
