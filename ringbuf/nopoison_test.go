//go:build !poison

package ringbuf

import "testing"

func TestNoPoison(t *testing.T) {
	p := []byte("kept")
	Fill(p)
	if Poison || string(p) != "kept" {
		t.Errorf("Poison %v, Fill made %q", Poison, p)
	}
}

// TestReuseDoesNotClear makes sure that a ring is not zeroed when it is used again: that would cost more than most
// reads.
func TestReuseDoesNotClear(t *testing.T) {
	p := newTestPool(t, 0)
	r := get(t, p, page)
	r.Commit(copy(r.Space(), "old bytes"))
	put(t, p, r)
	r = get(t, p, page)
	if got := string(r.Space()[:9]); got != "old bytes" {
		t.Errorf("the memory reads %q", got)
	}
	put(t, p, r)
}
