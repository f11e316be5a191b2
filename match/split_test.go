package match

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// splitSamples are terminators whose prefixes repeat in themselves and in each other, with the bytes that confuse
// them.
var splitSamples = []struct {
	alphabet string
	longest  int
	lits     []string
}{
	{"\nx", 12, []string{"\n"}},
	{"\r\nx", 10, []string{"\r\n"}},
	{"\r\nx", 10, []string{"\r\n\r\n"}},
	{"\r\n.", 9, []string{"\r\n.\r\n"}},
	{"abx", 9, []string{"aabaa"}},
	{"ab", 12, []string{"aaaa"}},
	{"ab", 12, []string{"abaababa"}},
	{"\r\nx", 10, []string{"\n", "\r\n"}},
	{"\r\nx", 9, []string{"\r", "\n", "\r\n"}},
	{"abx", 9, []string{"ab", "ba", "abba"}},
	{"abcd", 7, []string{"abcd", "bc"}},
	{"abcd", 7, []string{"abcd", "bcx", "cda"}},
	{"ab", 12, []string{"aab", "aaab", "babb"}},
	{"ab", 12, []string{"bbb", "abbb"}},
}

// Every string, cut in every way, gives the elements and the held bytes that the reference finds in the whole string.
func TestEverySplit(t *testing.T) {
	for _, c := range splitSamples {
		s := newSample(t, c.lits...)
		t.Run(s.term.String(), func(t *testing.T) {
			t.Parallel()
			allStrings(c.alphabet, c.longest-3, func(stream []byte) {
				want, rest := naiveElements(stream, s.lits)
				held := naivePrefix(rest, s.lits...)
				for cuts := range 1 << max(0, len(stream)-1) {
					if err := checkCuts(s.term, stream, cuts, want, held); err != nil {
						t.Fatalf("%q cut at %b: %v", stream, cuts, err)
					}
				}
			})
		})
	}
}

// checkCuts feeds stream to a new Matcher, cut behind byte i if bit i of cuts is set.
func checkCuts(term Terminator, stream []byte, cuts int, want []element, held int) error {
	m := NewMatcher(term)
	var w meter
	next := 0 // the element that must end next
	for from, i := 0, 0; i < len(stream); i++ {
		if i+1 < len(stream) && cuts>>i&1 == 0 {
			continue
		}
		got, err := feed(&m, from, stream[from:i+1], &w)
		if err != nil {
			return err
		}
		if len(got) > len(want)-next || !slices.Equal(got, want[next:next+len(got)]) {
			return fmt.Errorf("elements %v in %d..%d, all are %v", got, from, i+1, want)
		}
		next += len(got)
		from = i + 1
	}
	if next != len(want) {
		return fmt.Errorf("%d elements, want %v", next, want)
	}
	if m.Held() != held || !bytes.HasSuffix(stream, m.HeldBytes()) {
		return fmt.Errorf("held %d %q, want %d", m.Held(), m.HeldBytes(), held)
	}
	return nil
}

// The carry is all that a cut leaves behind. So it is enough, for longer strings, to try every piece after every
// beginning: from the carry that single bytes have led to, each piece must lead to the carry that single bytes lead
// to. Here the fast search is called for pieces of every length.
func TestEveryPiece(t *testing.T) {
	for _, c := range splitSamples {
		s := newSample(t, c.lits...)
		t.Run(s.term.String(), func(t *testing.T) {
			t.Parallel()
			allStrings(c.alphabet, c.longest, func(stream []byte) {
				if err := checkPieces(s, stream); err != nil {
					t.Fatalf("%q: %v", stream, err)
				}
			})
		})
	}
}

// checkPieces does the work of TestEveryPiece for one stream. It needs only the pieces that end where the stream
// ends, and those in which the first element ends: the others were those of a shorter stream.
func checkPieces(s sample, stream []byte) error {
	m := NewMatcher(s.term)
	elementEnd, size, found, held := wantIn(s, stream)
	for from := range len(stream) {
		end := elementEnd - from
		for _, debt := range []int16{0, plainDebt} {
			one := m
			one.debt = debt
			gotEnd, gotSize, gotFound := fast(&one, stream[from:])
			if gotEnd != end || gotSize != size || gotFound != found || one.Held() != held ||
				!bytes.HasSuffix(stream, one.HeldBytes()) {
				return fmt.Errorf("from %d with debt %d: got %d %d %v, %d held; want %d %d %v, %d held", from, debt,
					gotEnd, gotSize, gotFound, one.Held(), end, size, found, held)
			}
		}
		if _, _, ended := m.Next(stream[from : from+1]); ended {
			elementEnd, size, found, held = wantIn(s, stream[from+1:])
			elementEnd += from + 1
		}
		if err := m.check(); err != nil {
			return err
		}
	}
	return nil
}

// wantIn returns what the reference finds in p, and what it holds back of it if it finds nothing.
func wantIn(s sample, p []byte) (end, size int, found bool, held int) {
	end, size, found = naiveEnd(p, s.lits)
	if !found {
		held = naivePrefix(p, s.lits...)
	}
	return end, size, found, held
}

// fast is Next without the short way for short pieces.
func fast(m *Matcher, p []byte) (end, size int, found bool) {
	var w meter
	prog := m.term.prog
	if prog.any != nil {
		return m.next(p, &w)
	}
	w.debt = int32(m.debt)
	end, j := prog.advance(p, int(m.state), &w)
	m.debt = int16(w.debt)
	if found = j == len(prog.bytes); found {
		size, j = j, 0
	}
	m.state = int32(j)
	return end, size, found
}
