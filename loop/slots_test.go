//go:build linux

package loop

import "testing"

// Every connection is found in the slot that it was given, over several chunks; a slot that is freed is empty, and is
// given away again before the table grows.
func TestSlots(t *testing.T) {
	var s slots
	conns := make([]Conn, 3*slotChunk+1)
	put := func(i int) {
		conns[i].slot = s.put(&conns[i])
	}
	for i := range conns {
		put(i)
	}
	for i := range conns {
		if i%3 == 0 {
			s.clear(conns[i].slot)
		}
	}
	for i := range conns {
		want := &conns[i]
		if i%3 == 0 {
			want = nil
		}
		if got := s.at(conns[i].slot); got != want {
			t.Fatalf("slot %d holds %p, want %p", conns[i].slot, got, want)
		}
	}
	for i := 0; i < len(conns); i += 3 {
		put(i)
	}
	for i := range conns {
		if s.at(conns[i].slot) != &conns[i] {
			t.Fatalf("slot %d holds another", conns[i].slot)
		}
	}
	if int(s.n) != len(conns) || len(s.free) != 0 || len(s.chunks) != 4 {
		t.Errorf("%d slots in %d chunks, %d free", s.n, len(s.chunks), len(s.free))
	}
	for _, slot := range []uint32{s.n, 4 * slotChunk, channelSlot - 1} {
		if s.at(slot) != nil {
			t.Errorf("slot %d, which nobody was given, holds a connection", slot)
		}
	}
}
