package match

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// finderLiterals have every length that is searched in a way of its own, and repeat in themselves.
var finderLiterals = []string{"\n", "a", "\r\n", "aa", "ab", "\r\n\r\n", "aab", "aabaa", "\r\n.\r\n", "aaaa", "abaababa"}

func TestFinderAgainstNaive(t *testing.T) {
	for _, literal := range finderLiterals {
		f, err := NewFinder([]byte(literal))
		if err != nil {
			t.Fatal(err)
		}
		allStrings("ab\r\n", 7, func(p []byte) {
			if err := checkFinder(f, p); err != nil {
				t.Fatalf("%q in %q: %v", literal, p, err)
			}
		})
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		literal := randomText(r, 1+r.IntN(20))
		if r.IntN(3) == 0 {
			literal = literal[:min(2, len(literal))]
		}
		f, err := NewFinder(literal)
		if err != nil {
			t.Fatal(err)
		}
		var p []byte
		for range r.IntN(12) {
			p = append(p, randomText(r, r.IntN(40))...)
			p = append(p, literal[:r.IntN(len(literal)+1)]...)
		}
		if err := checkFinder(f, p); err != nil {
			t.Fatalf("%q in %q: %v", literal, p, err)
		}
	}
}

// checkFinder compares Index and IndexAll, for destinations of every size, with the reference.
func checkFinder(f *Finder, p []byte) error {
	if got, want := f.Index(p), bytes.Index(p, f.bytes); got != want {
		return fmt.Errorf("index %d, want %d", got, want)
	}
	elements, rest := naiveElements(p, [][]byte{f.bytes})
	for room := range min(len(elements)+2, 6) {
		dst := make([]uint32, room)
		n, scanned := f.IndexAll(dst, p)
		if want := min(room, len(elements)); n != want {
			return fmt.Errorf("%d matches with room for %d, want %d", n, room, want)
		}
		end := 0
		for i, at := range dst[:n] {
			if end = elements[i].end; int(at) != end-len(f.bytes) {
				return fmt.Errorf("match %d at %d, want %d", i, at, end-len(f.bytes))
			}
		}
		if n < room {
			end = len(p) - naivePrefix(rest, f.bytes)
		}
		if scanned != end {
			return fmt.Errorf("scanned %d with room for %d, want %d", scanned, room, end)
		}
	}
	return nil
}

// IndexAll called again at scanned, with the bytes that have come since, finds each match once: the contract a reader
// with a window relies on.
func TestIndexAllGoesOn(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		f, err := NewFinder([]byte(finderLiterals[r.IntN(len(finderLiterals))]))
		if err != nil {
			t.Fatal(err)
		}
		stream := randomText(r, r.IntN(120))
		want, _ := naiveElements(stream, [][]byte{f.bytes})
		dst := make([]uint32, 1+r.IntN(3))
		var ends []int
		from, to := 0, 0
		for to < len(stream) || from < to && len(ends) < len(want) {
			to = min(len(stream), to+r.IntN(20))
			n, scanned := f.IndexAll(dst, stream[from:to])
			for _, at := range dst[:n] {
				ends = append(ends, from+int(at)+len(f.bytes))
			}
			from += scanned
		}
		if len(ends) != len(want) {
			t.Fatalf("%q in %q: ends %v, want %v", f.bytes, stream, ends, want)
		}
		for i, end := range ends {
			if end != want[i].end {
				t.Fatalf("%q in %q: ends %v, want %v", f.bytes, stream, ends, want)
			}
		}
	}
}

// A match at every place around the end of a kernel's call, and one that p ends inside of.
func TestCallLimit(t *testing.T) {
	for _, literal := range []string{"\n", "\r\n", "\r\n\r\n", "QUIT\r\n", "aabaa"} {
		f, err := NewFinder([]byte(literal))
		if err != nil {
			t.Fatal(err)
		}
		for at := maxCall - 2*len(literal); at < maxCall+2*len(literal); at++ {
			p := bytes.Repeat([]byte("x"), 2*maxCall)
			copy(p[at:], literal)
			var starts [roundLen]uint32
			if n, _ := f.IndexAll(starts[:], p); n != 1 || int(starts[0]) != at {
				t.Fatalf("%q at %d: IndexAll finds %v", literal, at, starts[:n])
			}
			for to := at; to <= at+len(literal)+1; to++ {
				var w meter
				read, j := f.advance(p[:to], 0, &w)
				if want := min(at+len(literal), to); read != want || j != want-at {
					t.Fatalf("%q at %d of %d: read %d, %d match", literal, at, to, read, j)
				}
			}
		}
	}
}

// A destination that is full ends the search at its last match, whatever comes behind.
func TestIndexAllFull(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		f, err := NewFinder([]byte("\n"))
		if err != nil {
			t.Fatal(err)
		}
		p := append(bytes.Repeat([]byte("\n"), 128), bytes.Repeat([]byte("x"), 200)...)
		for room := range 131 {
			want := min(room, 128)
			scanned := want
			if room > 128 {
				scanned = len(p)
			}
			if n, s := f.IndexAll(make([]uint32, room), p); n != want || s != scanned {
				t.Errorf("room for %d: %d matches, scanned %d, want %d, %d", room, n, s, want, scanned)
			}
		}
	})
}

// Destinations of every size find all matches by as many calls as it takes, where matches are dense, rare or overlap.
func TestIndexAllRooms(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, literal := range []string{"\n", "\r\n", "aa", "abcabc"} {
			f, err := NewFinder([]byte(literal))
			if err != nil {
				t.Fatal(err)
			}
			var p []byte
			for len(p) < 3000 {
				p = append(append(p, literal...), bytes.Repeat([]byte("a"), r.IntN(2)*r.IntN(90))...)
			}
			elements, _ := naiveElements(p, [][]byte{f.bytes})
			var want []int
			for _, e := range elements {
				want = append(want, e.end-len(literal))
			}
			for room := 1; room <= 3*roundLen; room++ {
				var got []int
				for at, dst := 0, make([]uint32, room); at < len(p); {
					n, scanned := f.IndexAll(dst, p[at:])
					for _, start := range dst[:n] {
						got = append(got, at+int(start))
					}
					if at += scanned; n < room {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%q, room for %d: %d matches, want %d: %v, want %v", literal, room, len(got), len(want), got, want)
				}
			}
		}
	})
}

// A search spends one use of a lesson, though its first candidate is false and it has to go on.
func TestIndexSpendsOneLesson(t *testing.T) {
	f, err := NewFinder([]byte("\r\n--a boundary of some length, of which not all bytes are samples--"))
	if err != nil {
		t.Fatal(err)
	}
	near := bytes.Clone(f.bytes)
	for i := range near { // a byte that no scan looks at
		if !slices.ContainsFunc(f.choices, func(s samples) bool { return slices.Contains(s.offs[:], uint16(i)) }) {
			near[i] ^= 0x80
			break
		}
	}
	text := bytes.Repeat(near, 40)
	f.record(lesson{pairs: rest, learnt: rest})
	for range 3 {
		if at := f.Index(text); at >= 0 {
			t.Fatalf("at %d", at)
		}
	}
	if x := f.recall(); x.pairs+x.full != rest-3 {
		t.Errorf("three searches have left %+v", x)
	}
}
