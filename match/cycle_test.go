package match

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// The plain search that skips rounds ends where the one that does not ends, in the same state, on texts that repeat
// themselves for a while, with periods that are multiples of a block and others.
func TestPlainAgainstKMP(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for range 3000 {
		var l literal
		unit := randomText(r, 1+r.IntN(40))
		l.compile(append(bytes.Repeat(unit, 1+r.IntN(5)), randomText(r, r.IntN(3))...))
		var p []byte
		for range 1 + r.IntN(4) {
			p = append(p, bytes.Repeat(unit, r.IntN(200))...)
			p = append(p, randomText(r, r.IntN(20))...)
		}
		from := r.IntN(len(p) + 1)
		var naive, w meter
		read, state := l.kmp(p, 0, &naive) // to the first match
		p = p[:read]
		_, state0 := l.kmp(p[:min(from, read)], 0, &naive)
		i, j := min(from, read), state0
		for i < len(p) && j < len(l.bytes) {
			i, j = l.plain(p, i, j, &w)
		}
		if i != read || j != state {
			t.Fatalf("%q in %q from %d: at %d in state %d, want %d in %d", l.bytes, p, from, i, j, read, state)
		}
	}
}

// Nearly all of a text of one period is skipped, however long it is; a byte that breaks it is seen.
func TestCycleSkips(t *testing.T) {
	for _, unit := range []string{"a", "ab", "abc", "abcdefghijklmnopqrstuvwxyz0123456789"} {
		var l literal
		l.compile(append(bytes.Repeat([]byte(unit), 100), '!'))
		size := (8 << 20) / len(unit) * len(unit) // more rounds of 64 KiB than an int has bits
		for _, broken := range []int{-1, 1, size / 2, size - 1} {
			p := bytes.Repeat([]byte(unit), size/len(unit))
			if broken >= 0 {
				p[broken] = '?'
			}
			var w meter
			var c cycle
			skipped, j := 0, 0
			for i := 0; i < len(p); {
				n := 0
				n, j = l.kmp(p[i:min(i+plainBlock, len(p))], j, &w)
				i += n
				n = c.skip(p, i, j, &w)
				i, skipped = i+n, skipped+n
			}
			if _, want := l.kmp(p, 0, &w); j != want {
				t.Errorf("%q broken at %d: state %d, want %d", unit, broken, j, want)
			}
			if skipped < size-size/20 {
				t.Errorf("%q broken at %d: %d bytes of %d skipped", unit, broken, skipped, size)
			}
		}
	}
}

// A state that comes back without the text is soon no longer looked into.
func TestCyclePatience(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	p := make([]byte, 1<<18)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	c := cycle{}
	var w meter
	for i := plainBlock; i < len(p); i += plainBlock {
		if n := c.skip(p, i, 0, &w); n > 0 {
			t.Fatalf("%d bytes skipped at %d", n, i)
		}
	}
	if looks := w.steps; looks > 40 {
		t.Errorf("%d steps for looks at random text", looks)
	}
}
