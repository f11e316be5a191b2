package match

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// cutsSamples are terminators of every kind that Cuts looks ahead for, and of some for which it does not.
var cutsSamples = [][]string{
	{"\n"}, {"\r\n"}, {"aa"}, {"\r\n\r\n"}, {"aab"}, {"aabaa"}, {"aabaabaa"}, {"aabaabaab"},
	{"\n", "\r\n"}, {"\r", "\n"}, {"a", "ba", "cba"}, {"\r\n\r\n", "\n\n"}, {"ab", "ba", "abba", "b\n"},
	{"a", "b", "\r", "\n", "x"}, {"aabaabaab", "\n"},
}

// Cuts finds, in pieces of every kind and with destinations of every size, the elements that the reference finds, and
// stands where Next would.
func TestCutsAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, lits := range cutsSamples {
		s := newSample(t, lits...)
		for range 400 {
			stream := cutsStream(r, s.lits)
			if err := checkCutsOf(r, s, stream); err != nil {
				t.Fatalf("%v in %q: %v", s.term, stream, err)
			}
		}
	}
}

// cutsStream returns some short elements and their terminators, and a long one now and then.
func cutsStream(r *rand.Rand, lits [][]byte) []byte {
	var p []byte
	longest := 1 + r.IntN(60)
	for range 1 + r.IntN(120) {
		n := r.IntN(longest)
		if r.IntN(40) == 0 {
			n = 2000
		}
		if r.IntN(3) == 0 {
			p = append(p, randomText(r, n)...)
		} else {
			p = append(p, bytes.Repeat([]byte("x"), n)...)
		}
		p = append(p, lits[r.IntN(len(lits))]...)
	}
	return p
}

func checkCutsOf(r *rand.Rand, s sample, stream []byte) error {
	want, rest := naiveElements(stream, s.lits)
	m := NewMatcher(s.term)
	dst := make([]Cut, []int{1, 63, 64, 65, 256, 1000}[r.IntN(6)])
	most := 1 + r.IntN(3000)
	found := 0
	for from := 0; from < len(stream); {
		to := min(len(stream), from+1+r.IntN(most))
		for from < to {
			n, read := m.Cuts(dst, stream[from:to])
			if err := m.check(); err != nil {
				return err
			}
			if read == 0 || n > len(want)-found {
				return fmt.Errorf("%d cuts in %d bytes at %d", n, read, from)
			}
			for _, c := range dst[:n] {
				if got := (element{from + int(c.End), int(c.Size)}); got != want[found] {
					return fmt.Errorf("element %d is %v, want %v", found, got, want[found])
				}
				found++
			}
			from += read
		}
		if err := checkHeld(&m, s, stream[:from], want[:found]); err != nil {
			return err
		}
	}
	if found != len(want) || m.Held() != naivePrefix(rest, s.lits...) {
		return fmt.Errorf("%d elements and %d held, want %d and %d", found, m.Held(), len(want), naivePrefix(rest, s.lits...))
	}
	return nil
}

// checkHeld compares what is held after the stream so far, of which these elements have ended.
func checkHeld(m *Matcher, s sample, stream []byte, elements []element) error {
	begin := 0
	if len(elements) > 0 {
		begin = elements[len(elements)-1].end
	}
	rest := stream[begin:]
	rest = rest[max(0, len(rest)-s.term.MaxLen()):]
	if want := naivePrefix(rest, s.lits...); m.Held() != want {
		return fmt.Errorf("%d held at %d, want %d", m.Held(), len(stream), want)
	}
	return nil
}

// A caller that stops at a cut resets the Matcher and goes on behind it, as a connection does when the handler changes
// the terminator: it finds what one finds that takes elements one by one.
func TestCutsAbandoned(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	terms := []Terminator{LF, CRLF, newSample(t, "\n", "\r\n").term}
	dst := make([]Cut, 128)
	for range 500 {
		stream := cutsStream(r, [][]byte{[]byte("\n"), []byte("\r\n"), []byte("\r")})
		term := terms[r.IntN(len(terms))]
		many, one := NewMatcher(term), NewMatcher(term)
		for from, at := 0, 0; from < len(stream); {
			n, read := many.Cuts(dst, stream[from:])
			use := n
			if n > 0 && r.IntN(2) == 0 {
				use = 1 + r.IntN(n)
			}
			for _, c := range dst[:use] {
				end, size, found := one.Next(stream[at:])
				if at += end; !found || at != from+int(c.End) || size != int(c.Size) {
					t.Fatalf("%v in %q: cut %v from %d on, want %d %d", term, stream, c, from, at, size)
				}
			}
			if from += read; use < n {
				term = terms[r.IntN(len(terms))]
				from = at
				many.Reset(term)
				one.Reset(term)
			}
		}
	}
}

// What a caller that stops has had looked at for nothing is no more than it has used, and 512 bytes.
func TestCutsWaste(t *testing.T) {
	p := append(bytes.Repeat([]byte("\n"), 3+7*256), bytes.Repeat([]byte(strings.Repeat("x", 1023)+"\n"), 100)...)
	m := NewMatcher(LF)
	dst := make([]Cut, 256)
	most := 0
	for from := 0; from < len(p); {
		n, read := m.Cuts(dst, p[from:])
		most = max(most, n)
		if n > 1 {
			if used, waste := from+int(dst[0].End), read-int(dst[0].End); waste > used+512 {
				t.Errorf("%d bytes used, %d looked at behind them", used, waste)
			}
		}
		from += read
	}
	if most <= len(dst)-roundLen { // it stops when there is no room for a round
		t.Errorf("at most %d ends in one call", most)
	}
}

// A rare byte that is not rare shifts the gear in a long slice as in a short one.
func TestLongSliceShifts(t *testing.T) {
	var l literal
	l.compile([]byte("\r\n\r\n--x"))
	p := bytes.Repeat(append(bytes.Repeat([]byte("a"), 255), l.choices[0].bytes[rareSample]), 64<<10)
	var g gear
	g.engage(&l, len(p))
	var w meter
	if at := l.scan(p, 0, &g, &w); at >= 0 || g.rarely {
		t.Errorf("at %d in gear %+v", at, g)
	}
}
