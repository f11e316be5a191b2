//go:build linux

package loop

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// What is staged is what was added, in order, whatever is copied and whatever referred to, until there is no room.
func TestStageAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	var s stage
	s.init()
	window := make([]byte, 256<<10)
	for i := range window {
		window[i] = byte(r.Uint32())
	}
	foreign := bytes.Clone(window)
	for range 500 {
		s.allow(window)
		var want []byte
		for n := r.IntN(600); n > 0; n-- {
			from, length := r.IntN(len(window)-5000), 1+r.IntN(1+r.IntN(1+r.IntN(5000)))
			source := window
			if r.IntN(3) == 0 {
				source = foreign
			}
			if r.IntN(4) == 0 && len(want) > 0 { // what follows on the last one in memory, perhaps
				from = min(len(want), len(window)-5000)
			}
			p := source[from : from+length]
			room := cap(s.buf) - len(s.buf)
			add := s.add
			if length <= shortPush {
				add = s.addShort
			}
			if !add(p) {
				if parts := len(s.parts); length <= room && parts <= stageParts-3 {
					t.Fatalf("%d bytes were refused with room for %d and %d parts", length, room, parts)
				}
				break
			}
			want = append(want, p...)
			if err := s.check(); err != nil {
				t.Fatal(err)
			}
		}
		if s.size() != len(want) {
			t.Fatalf("size %d, want %d", s.size(), len(want))
		}
		s.seal()
		if err := s.check(); err != nil {
			t.Fatal(err)
		}
		var got []byte
		for i := range s.parts {
			got = append(got, s.part(i)...)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes staged are not the %d added", len(got), len(want))
		}
		s.reset()
		s.forbid()
	}
}

// Small pushes make no part, and large ones of the window are not copied.
func TestStageRefers(t *testing.T) {
	var s stage
	s.init()
	window := make([]byte, 8<<10)
	s.allow(window)
	s.add(window[:refBytes-1])
	s.add([]byte("x"))
	if len(s.parts) != 0 || len(s.buf) != refBytes {
		t.Errorf("small pushes: %d parts, %d bytes copied", len(s.parts), len(s.buf))
	}
	s.add(window[:refBytes])
	s.add(window[refBytes:])
	if len(s.parts) != 2 || len(s.buf) != refBytes || s.part(1)[0] != window[0] || len(s.part(1)) != len(window) {
		t.Errorf("large pushes: %d parts, %d bytes copied", len(s.parts), len(s.buf))
	}
	s.reset()
	s.forbid()
	if s.add(window); len(s.parts) != 0 {
		t.Error("a slice of a window that is forbidden was referred to")
	}
}

// Every short length is copied whole, and nothing beside it, up to the end of the room.
func TestAddShort(t *testing.T) {
	source := make([]byte, shortPush)
	for i := range source {
		source[i] = byte(i + 1)
	}
	for n := 1; n <= shortPush; n++ {
		var s stage
		s.init()
		s.buf = append(s.buf, make([]byte, cap(s.buf)-n-1)...)
		at := len(s.buf)
		if !s.addShort(source[:n]) || !bytes.Equal(s.buf[at:], source[:n]) || s.size() != at+n {
			t.Errorf("%d bytes: %v", n, s.buf[at:])
		}
		if whole := s.buf[:cap(s.buf)]; whole[at-1] != 0 || whole[at+n] != 0 {
			t.Errorf("%d bytes: written beside them", n)
		}
		if n > 1 && s.addShort(source[:2]) {
			t.Errorf("%d bytes, and two more where there is room for one", n)
		}
	}
}
