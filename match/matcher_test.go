package match

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

func TestMatcherCount(t *testing.T) {
	term, err := Count(10)
	if err != nil {
		t.Fatal(err)
	}
	m := NewMatcher(term)
	p := []byte("0123456789")
	for _, c := range []struct {
		n         int // bytes given
		end       int
		found     bool
		remaining int64
	}{
		{4, 4, false, 6},
		{0, 0, false, 6},
		{5, 5, false, 1},
		{3, 1, true, 0},
		{2, 2, false, 0}, // it has become None
		{0, 0, false, 0},
	} {
		end, size, found := m.Next(p[:c.n])
		left := m.Terminator().Count()
		if end != c.end || size != 0 || found != c.found || m.Remaining() != c.remaining || left != c.remaining {
			t.Errorf("%d bytes: %d %d %v, %d remain, %v; want %+v", c.n, end, size, found, m.Remaining(), m.Terminator(), c)
		}
		if m.Held() != 0 || m.HeldBytes() != nil {
			t.Errorf("%d bytes: %d held", c.n, m.Held())
		}
		if err := m.check(); err != nil {
			t.Error(err)
		}
	}
	if m.Terminator() != None {
		t.Errorf("after the count the terminator is %v", m.Terminator())
	}
	huge, err := Count(math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	m.Reset(huge)
	if _, _, found := m.Next(p); found || m.Remaining() != math.MaxInt64-10 {
		t.Errorf("%d remain of the largest count", m.Remaining())
	}
}

func TestMatcherNone(t *testing.T) {
	var m Matcher
	for range 3 {
		if end, size, found := m.Next([]byte("a\r\n")); end != 3 || size != 0 || found {
			t.Errorf("None: %d %d %v", end, size, found)
		}
	}
	if m.Terminator().Kind() != KindNone || m.Held() != 0 {
		t.Errorf("the zero Matcher has %v", m.Terminator())
	}
}

// A false alarm: what was held back is released, in asynchat's order.
func TestMatcherFalseAlarm(t *testing.T) {
	m := NewMatcher(CRLF)
	if end, _, found := m.Next([]byte("ab\r")); found || end != 3 || string(m.HeldBytes()) != "\r" {
		t.Fatalf("%d %v, held %q", end, found, m.HeldBytes())
	}
	if end, _, found := m.Next([]byte("xcd")); found || end != 3 || m.Held() != 0 {
		t.Fatalf("%d %v, held %d", end, found, m.Held())
	}
}

// A terminator that began in an earlier piece, behind data that had been held back with it.
func TestMatcherNegativeStart(t *testing.T) {
	m := NewMatcher(newSample(t, "abcd", "bc").term)
	m.Next([]byte("xab"))
	if m.Held() != 2 {
		t.Fatalf("%d held of xab", m.Held())
	}
	if end, size, found := m.Next([]byte("cd")); end != 1 || size != 2 || !found || m.Held() != 0 {
		t.Fatalf("%d %d %v, held %d", end, size, found, m.Held())
	}
	if m.Next([]byte("ab")); m.Held() != 2 {
		t.Fatalf("%d held of the next element", m.Held())
	}
	m.Reset(CRLF)
	if m.Held() != 0 || !m.Terminator().Equal(CRLF) {
		t.Errorf("after Reset %d are held for %v", m.Held(), m.Terminator())
	}
}

// Long literals with long borders, in streams made of their parts, in pieces of random sizes: every search and every
// change between them.
func TestMatcherRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 400 {
		var lits []string
		for range 1 + r.IntN(2)*r.IntN(4) {
			lits = append(lits, string(randomText(r, 1+r.IntN(300))))
		}
		s := newSample(t, lits...)
		var stream []byte
		for range r.IntN(15) {
			lit := s.lits[r.IntN(len(s.lits))]
			from := r.IntN(len(lit))
			switch r.IntN(4) {
			case 0:
				stream = append(stream, lit...)
			case 1:
				stream = append(stream, lit[:from]...)
			case 2:
				stream = append(stream, lit[from:]...)
			default:
				stream = append(stream, randomText(r, r.IntN(50))...)
			}
		}
		checkRandomCuts(t, r, s, stream)
	}
}

// checkRandomCuts feeds stream in random pieces and compares with the reference what is found and held after each.
func checkRandomCuts(t *testing.T, r *rand.Rand, s sample, stream []byte) {
	t.Helper()
	want, _ := naiveElements(stream, s.lits)
	for range 5 {
		m := NewMatcher(s.term)
		var w meter
		longest := 1 + r.IntN(200)
		last := 0 // where the present element begins
		seen := 0
		for from := 0; from < len(stream); {
			to := min(len(stream), from+1+r.IntN(longest))
			got, err := feed(&m, from, stream[from:to], &w)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range got {
				if seen == len(want) || e != want[seen] {
					t.Fatalf("%v in %q: element %d is %v, want %v", s.term, stream, seen, e, want)
				}
				seen, last = seen+1, e.end
			}
			if held := naivePrefix(stream[last:to], s.lits...); m.Held() != held || !bytes.HasSuffix(stream[:to], m.HeldBytes()) {
				t.Fatalf("%v in %q: %q held at %d, want %d bytes", s.term, stream, m.HeldBytes(), to, held)
			}
			from = to
		}
		if seen != len(want) {
			t.Fatalf("%v in %q: %d elements, want %v", s.term, stream, seen, want)
		}
	}
}

// A count that is reached with the last byte of a piece.
func TestMatcherCountExactly(t *testing.T) {
	term, err := Count(3)
	if err != nil {
		t.Fatal(err)
	}
	m := NewMatcher(term)
	if end, _, found := m.Next([]byte("abc")); end != 3 || !found || m.Terminator() != None {
		t.Errorf("%d %v, then %v", end, found, m.Terminator())
	}
}
