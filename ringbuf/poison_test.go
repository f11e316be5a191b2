//go:build poison

package ringbuf

import (
	"bytes"
	"testing"
)

func TestFill(t *testing.T) {
	if !Poison {
		t.Error("Poison is false under its tag")
	}
	for n := range 70 {
		p := make([]byte, n+1)
		Fill(p[:n])
		if !bytes.Equal(p[:n], bytes.Repeat([]byte{0xDB}, n)) || p[n] != 0 {
			t.Errorf("Fill of %d bytes gave %x", n, p)
		}
	}
}

// TestStaleSlices keeps slices longer than it may: each shows the poison.
func TestStaleSlices(t *testing.T) {
	p, b := newTestPool(t, 0), NewBlocks(0)
	r := get(t, p, page)
	r.Commit(copy(r.Space(), "a line"))
	line := r.Window()
	put(t, p, r)
	if !bytes.Equal(line, bytes.Repeat([]byte{0xDB}, len(line))) {
		t.Errorf("a stale window reads %q", line)
	}
	block := append(b.Get(10), "some bytes"...)
	b.Put(block)
	if !bytes.Equal(block, bytes.Repeat([]byte{0xDB}, len(block))) {
		t.Errorf("a stale block reads %q", block)
	}
	wantPanic(t, "Put of a block of 256 bytes that was Put already", func() { b.Put(block) })
}
