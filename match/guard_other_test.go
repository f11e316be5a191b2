//go:build !linux

package match

import "testing"

// guarded is memory of which a slice ends where another begins; only on Linux do the tests guard it.
type guarded struct{ inner []byte }

func newGuarded(t testing.TB, size int) guarded { return guarded{make([]byte, size)} }

func (g guarded) last(p []byte) []byte {
	q := g.inner[len(g.inner)-len(p):]
	copy(q, p)
	return q
}

func (g guarded) first(p []byte) []byte {
	q := g.inner[:len(p):len(p)]
	copy(q, p)
	return q
}
