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
			room := len(s.buf) - s.used
			if !s.add(p) {
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
	if len(s.parts) != 0 || s.used != refBytes {
		t.Errorf("small pushes: %d parts, %d bytes copied", len(s.parts), s.used)
	}
	s.add(window[:refBytes])
	s.add(window[refBytes:])
	if len(s.parts) != 2 || s.used != refBytes || s.part(1)[0] != window[0] || len(s.part(1)) != len(window) {
		t.Errorf("large pushes: %d parts, %d bytes copied", len(s.parts), s.used)
	}
	s.reset()
	s.forbid()
	if s.add(window); len(s.parts) != 0 {
		t.Error("a slice of a window that is forbidden was referred to")
	}
}

// A push of every length that is copied is staged whole, and nothing behind it, up to the last place of the stage.
func TestCopiedPush(t *testing.T) {
	source := make([]byte, refBytes)
	for i := range source {
		source[i] = byte(i%255 + 1)
	}
	l := newTestLoop(t, Options{})
	c, _ := pair(t, l, &hooks{}, nil)
	s := &l.stage
	l.enter(c)
	defer l.leave()
	for n := 1; n <= len(source); n++ {
		if n > 2*shortPush && n < refBytes-2 && n%61 != 0 {
			continue
		}
		for _, used := range []int{0, 5, stageBytes - refBytes, stageBytes - n} {
			clear(s.buf[:])
			s.used = used
			if err := c.Push(source[:n]); err != nil {
				t.Fatal(err)
			}
			want := make([]byte, stageBytes)
			copy(want[used:], source[:n])
			if s.used != used+n || !bytes.Equal(s.buf[:], want) {
				t.Errorf("%d bytes at %d: %d staged", n, used, s.used)
			}
			s.reset()
		}
	}
}
