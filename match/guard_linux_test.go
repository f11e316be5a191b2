package match

import (
	"syscall"
	"testing"
)

// guarded is memory between two pages that cannot be read: a kernel that reads a byte outside a slice at its end, or
// before one at its beginning, dies of it.
type guarded struct{ inner []byte }

// newGuarded returns at least size bytes of it. It is unmapped when the test ends.
func newGuarded(t testing.TB, size int) guarded {
	t.Helper()
	page := syscall.Getpagesize()
	size = (size + page - 1) / page * page
	whole, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(whole) })
	for _, guard := range [][]byte{whole[:page], whole[page+size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return guarded{whole[page : page+size : page+size]}
}

// last returns a copy of p that ends where memory ends; first one that begins where it begins.
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
