package fuzz

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/millrace-net/millrace/match"
)

// How many generated cases TestGenerated runs, and from which seed: a case takes microseconds, so that what coverage does
// not lead to is reached by number.
var (
	generated     = flag.Int("generated", 20_000, "cases of TestGenerated")
	generatedSeed = flag.Uint64("generated-seed", 1, "seed of TestGenerated")
)

// streamsPerTerminator is the cases that share a compiled terminator.
const streamsPerTerminator = 16

// A case is a terminator over few bytes, a stream of pieces of it and others, and a way of cutting the stream: all that
// FuzzTerminator and FuzzAny check, on inputs made without coverage.
func TestGenerated(t *testing.T) {
	defer func(before string) { _ = match.SetSIMD(before) }(match.SIMD())
	r := rand.New(rand.NewPCG(*generatedSeed, 0))
	var g generator
	for n := 0; n < *generated; n += streamsPerTerminator {
		g.terminator(t, r)
		useTier(t, r.Uint64())
		for range streamsPerTerminator {
			stream, cuts := g.stream(r), pieces{r.Uint64() & -(r.Uint64() & 1)}
			checkMatcher(t, g.term, g.lits, stream, cuts)
			checkCuts(t, g.term, g.lits, stream, cuts, 1+r.IntN(130))
			if len(g.lits) == 1 {
				checkFinder(t, g.lits[0], stream, 1+r.IntN(130))
			}
		}
	}
}

// generator makes cases; it keeps its memory.
type generator struct {
	term match.Terminator
	lits [][]byte
	text []byte
}

// alphabets of literals and streams: their own prefixes in many ways, line ends, and bytes that differ in one bit.
var alphabets = []string{"a", "ab", "\r\n", "\r\nx", "\r\n.", "abc", "\x00\x80\xff", "the quick\r\n"}

// terminator makes a literal, or an Any of up to six.
func (g *generator) terminator(t *testing.T, r *rand.Rand) {
	alphabet := alphabets[r.IntN(len(alphabets))]
	g.lits = g.lits[:0]
	for range 1 + r.IntN(2)*r.IntN(6) {
		lit := make([]byte, 1+r.IntN(1+r.IntN(20)))
		for i := range lit {
			lit[i] = alphabet[r.IntN(len(alphabet))]
		}
		g.lits = append(g.lits, lit)
	}
	var err error
	if len(g.lits) == 1 {
		g.term, err = match.Literal(g.lits[0])
	} else {
		g.term, err = match.Any(g.lits...)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// stream makes up to a few hundred bytes, most of them near misses, and now and then repeats them: a search that has met
// many near misses goes another way.
func (g *generator) stream(r *rand.Rand) []byte {
	p := g.text[:0]
	long := 1 + r.IntN(40)
	for range r.IntN(1 + r.IntN(24)) {
		lit := g.lits[r.IntN(len(g.lits))]
		switch r.IntN(4) {
		case 0:
			p = append(p, lit...)
		case 1:
			p = append(p, lit[:r.IntN(len(lit)+1)]...)
		case 2:
			p = append(p, lit[r.IntN(len(lit)+1):]...)
		default:
			c := byte('a' + r.IntN(3))
			for range r.IntN(long) {
				p = append(p, c)
			}
		}
	}
	if again := len(p); r.IntN(64) == 0 {
		for n := r.IntN(40); n > 0 && len(p) < 4096; n-- {
			p = append(p, p[:again]...)
		}
	}
	g.text = p
	return p
}
