package fuzz

import (
	"bytes"
	"testing"

	"github.com/millrace-net/millrace/match"
)

// Limits of one input in bytes, so that the quadratic reference stays quick.
const (
	matchMaxStream  = 640
	matchMaxLiteral = 80
	matchMaxLits    = 16
	matchHeldChecks = 8 // times that what is held is compared, which is the reference's dearest part, and once at the end
)

// streamEnd is where an element ends in a stream, its terminator included, and how long the terminator is.
type streamEnd struct{ end, size int }

// naiveEnds cuts stream into elements: each ends with the first byte at which any of lits ends, counted from the
// element's beginning.
func naiveEnds(stream []byte, lits [][]byte) (ends []streamEnd) {
	from := 0
	for end := 1; end <= len(stream); end++ {
		size := 0
		for _, lit := range lits {
			if bytes.HasSuffix(stream[from:end], lit) {
				size = max(size, len(lit))
			}
		}
		if size > 0 {
			ends = append(ends, streamEnd{end, size})
			from = end
		}
	}
	return ends
}

// naiveHeld returns the length of the longest proper prefix of any of lits that p ends with.
func naiveHeld(p []byte, lits ...[]byte) (held int) {
	for _, lit := range lits {
		for n := range len(lit) {
			if bytes.HasSuffix(p, lit[:n]) {
				held = max(held, n)
			}
		}
	}
	return held
}

// pieces cuts a stream where a seed says, by a generator small enough to be replayed by hand: seed 0 does not cut.
type pieces struct{ seed uint64 }

// next returns the length of the next piece of at most rest bytes.
func (c *pieces) next(rest int) int {
	if c.seed == 0 {
		return rest
	}
	c.seed = c.seed*6364136223846793005 + 1442695040888963407
	return min(rest, 1+int(c.seed>>33)%(1+int(c.seed>>60)*4))
}

// checkMatcher feeds stream to a Matcher for term, cut by cuts, and compares all it says with the reference.
func checkMatcher(t *testing.T, term match.Terminator, lits [][]byte, stream []byte, cuts pieces) {
	t.Helper()
	want := naiveEnds(stream, lits)
	m := match.NewMatcher(term)
	last, checks := 0, 0 // last is where the present element begins
	for from := 0; from < len(stream); {
		to := from + cuts.next(len(stream)-from)
		for {
			end, size, found := m.Next(stream[from:to])
			if !found {
				if end != to-from || size != 0 {
					t.Fatalf("not found in %d bytes: end %d, size %d", to-from, end, size)
				}
				break
			}
			from += end
			if len(want) == 0 || want[0] != (streamEnd{from, size}) {
				t.Fatalf("an element ends at %d with a terminator of %d bytes; want %v", from, size, want)
			}
			want, last = want[1:], from
		}
		from = to
		if checks++; checks > matchHeldChecks && from < len(stream) {
			continue
		}
		if held := naiveHeld(stream[last:from], lits...); m.Held() != held {
			t.Fatalf("%d bytes held at %d, want %d", m.Held(), from, held)
		}
		if len(m.HeldBytes()) != m.Held() || !bytes.HasSuffix(stream[last:from], m.HeldBytes()) {
			t.Fatalf("held %q, the element is %q", m.HeldBytes(), stream[last:from])
		}
	}
	if len(want) != 0 {
		t.Fatalf("not found: %v", want)
	}
}

// checkCuts feeds stream to a Matcher for term, cut by cuts, by Cuts with room for so many, and compares all it says with
// the reference.
func checkCuts(t *testing.T, term match.Terminator, lits [][]byte, stream []byte, cuts pieces, room int) {
	t.Helper()
	want := naiveEnds(stream, lits)
	m := match.NewMatcher(term)
	dst := make([]match.Cut, room)
	last, checks := 0, 0 // last is where the present element begins
	for from := 0; from < len(stream); {
		to := from + cuts.next(len(stream)-from)
		for from < to {
			n, read := m.Cuts(dst, stream[from:to])
			if read == 0 || n > len(want) {
				t.Fatalf("%d cuts and %d bytes read at %d of %d, want %v", n, read, from, to, want)
			}
			for i, c := range dst[:n] {
				if last = from + int(c.End); want[i] != (streamEnd{last, int(c.Size)}) {
					t.Fatalf("cut %v at %d, want %v", c, from, want)
				}
			}
			want = want[n:]
			from += read
			if checks++; checks > matchHeldChecks && from < len(stream) {
				continue
			}
			if held := naiveHeld(stream[last:from], lits...); m.Held() != held {
				t.Fatalf("%d bytes held at %d, want %d", m.Held(), from, held)
			}
		}
	}
	if len(want) != 0 {
		t.Fatalf("not found: %v", want)
	}
}

// tiers are the SIMD tiers of this machine. An input runs on one of them, which its numbers choose.
var tiers = match.SIMDTiers()

// useTier has the searches from now on run on a tier.
func useTier(t *testing.T, n uint64) {
	t.Helper()
	if err := match.SetSIMD(tiers[n%uint64(len(tiers))]); err != nil {
		t.Fatal(err)
	}
}

// checkFinder compares Index and IndexAll with the reference; room is the size of IndexAll's destination.
func checkFinder(t *testing.T, literal, stream []byte, room int) {
	t.Helper()
	f, err := match.NewFinder(literal)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Index(stream), bytes.Index(stream, literal); got != want {
		t.Fatalf("Index is %d, want %d", got, want)
	}
	dst := make([]uint32, room)
	from := 0
	want := naiveEnds(stream, [][]byte{literal})
	for {
		n, scanned := f.IndexAll(dst, stream[from:])
		if n > len(want) {
			t.Fatalf("IndexAll: %d matches from %d on, want %v", n, from, want)
		}
		last := 0
		for i, at := range dst[:n] {
			if last = int(at) + len(literal); from+last != want[i].end {
				t.Fatalf("IndexAll: a match at %d, want %v", from+int(at), want)
			}
		}
		want = want[n:]
		if n < room {
			last = len(stream) - from - naiveHeld(stream[from+last:], literal)
		}
		if scanned != last {
			t.Fatalf("IndexAll from %d on has scanned %d, want %d", from, scanned, last)
		}
		from += scanned
		if n < room {
			break
		}
	}
	if len(want) != 0 {
		t.Fatalf("IndexAll has not found %v", want)
	}
}

// checkCount feeds stream to a Matcher for a Count.
func checkCount(t *testing.T, n int64, stream []byte, cuts pieces) {
	t.Helper()
	term, err := match.Count(n)
	if err != nil {
		t.Fatal(err)
	}
	m := match.NewMatcher(term)
	for from := 0; from < len(stream); {
		to := from + cuts.next(len(stream)-from)
		end, size, found := m.Next(stream[from:to])
		here := n > int64(from) && n <= int64(to)
		wantEnd := to - from
		if here {
			wantEnd = int(n) - from
		}
		if found != here || end != wantEnd || size != 0 {
			t.Fatalf("count %d at %d: %d %d %v", n, from, end, size, found)
		}
		from += end
		if left := max(0, n-int64(from)); m.Remaining() != left || m.Held() != 0 {
			t.Fatalf("count %d at %d: %d remain", n, from, m.Remaining())
		}
	}
}

// FuzzTerminator takes a literal, a stream and a way of cutting it. In the stream each 0x01 stands for the literal
// and each 0x02 for the literal without its last byte, so that long matches and near matches are found without luck.
func FuzzTerminator(f *testing.F) {
	f.Add([]byte("\r\n"), []byte("ab\r\n\r\r\n\r"), uint64(0), int64(4), uint8(3))
	f.Add([]byte("\r\n\r\n"), []byte("a: b\r\nc\x01\x02\x01"), uint64(1), int64(0), uint8(1))
	f.Add([]byte("aabaa"), []byte("aaabaabaa\x02a\x01"), uint64(7), int64(100), uint8(2))
	f.Add(append(bytes.Repeat([]byte("a"), 64), 'b'), []byte("\x02\x02a\x01\x02b"), uint64(99), int64(1), uint8(9))
	f.Fuzz(func(t *testing.T, literal, stream []byte, seed uint64, count int64, room uint8) {
		literal = literal[:min(len(literal), matchMaxLiteral)]
		term, err := match.Literal(literal)
		if len(literal) == 0 {
			if err == nil {
				t.Fatal("an empty literal was accepted")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(term.Bytes(), literal) || term.MaxLen() != len(literal) {
			t.Fatalf("%v has the bytes %q", term, term.Bytes())
		}
		stream = repeat(expand(stream, literal), count)
		useTier(t, uint64(room))
		checkMatcher(t, term, [][]byte{literal}, stream, pieces{seed})
		checkCuts(t, term, [][]byte{literal}, stream, pieces{seed}, 1+int(room))
		checkFinder(t, literal, stream, 1+int(room))
		checkCount(t, max(0, count%(matchMaxStream*2)), stream, pieces{seed})
	})
}

// repeat returns p 1 to 8 times, as n says, cut to matchMaxStream bytes: searches look ahead only in a long stream of
// like elements.
func repeat(p []byte, n int64) []byte {
	p = bytes.Repeat(p, 1+int(uint64(n)%8))
	return p[:min(len(p), matchMaxStream)]
}

// expand replaces 0x01 by lit and 0x02 by lit without its last byte, and cuts the result to matchMaxStream bytes.
func expand(stream, lit []byte) []byte {
	var out []byte
	for _, c := range stream {
		switch c {
		case 1:
			out = append(out, lit...)
		case 2:
			out = append(out, lit[:len(lit)-1]...)
		default:
			out = append(out, c)
		}
		if len(out) >= matchMaxStream {
			return out[:matchMaxStream]
		}
	}
	return out
}

// FuzzPrefixAtEnd compares PrefixAtEnd with its definition.
func FuzzPrefixAtEnd(f *testing.F) {
	f.Add([]byte("qwerty\r"), []byte("\r\n"))
	f.Add([]byte("qwertydkjf"), []byte("\r\n"))
	f.Add([]byte("a\r\n.\r"), []byte("\r\n.\r\n"))
	f.Add([]byte("aab"), []byte("aabaa"))
	f.Add(bytes.Repeat([]byte("ab"), 50), append(bytes.Repeat([]byte("ab"), 40), 'c'))
	f.Fuzz(func(t *testing.T, p, literal []byte) {
		p, literal = p[:min(len(p), matchMaxStream)], literal[:min(len(literal), matchMaxStream)]
		if got, want := match.PrefixAtEnd(p, literal), naiveHeld(p, literal); got != want {
			t.Fatalf("%d, want %d", got, want)
		}
	})
}

// FuzzAny takes the literals of an Any with a 0x00 behind each, a stream and a way of cutting it. In the stream each
// 0x01 stands for the literal that the next byte numbers, and each 0x02 for it without its last byte.
func FuzzAny(f *testing.F) {
	f.Add([]byte("\n\x00\r\n"), []byte("a\nb\r\n\r"), uint64(0))
	f.Add([]byte("abcd\x00bc"), []byte("abcdxab\x02\x00\x01\x01"), uint64(1))
	f.Add([]byte("aab\x00aaab\x00babb\x00b"), []byte("aaaababb"), uint64(5))
	f.Fuzz(func(t *testing.T, joined, stream []byte, seed uint64) {
		var lits [][]byte
		for lit := range bytes.SplitSeq(joined, []byte{0}) {
			if lit = lit[:min(len(lit), matchMaxLiteral)]; len(lit) > 0 && len(lits) < matchMaxLits {
				lits = append(lits, lit)
			}
		}
		term, err := match.Any(lits...)
		if len(lits) == 0 {
			if err == nil {
				t.Fatal("an Any of nothing was accepted")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var whole []byte
		for i := 0; i < len(stream) && len(whole) < matchMaxStream; i++ {
			lit := lits[0]
			if i+1 < len(stream) {
				lit = lits[int(stream[i+1])%len(lits)]
			}
			whole = append(whole, expand(stream[i:i+1], lit)...)
			if stream[i] == 1 || stream[i] == 2 {
				i++
			}
		}
		whole = repeat(whole, int64(seed>>8))
		useTier(t, seed)
		checkMatcher(t, term, lits, whole, pieces{seed})
		checkCuts(t, term, lits, whole, pieces{seed}, 1+int(seed>>16&0xff))
	})
}
