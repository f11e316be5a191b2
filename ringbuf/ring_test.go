package ringbuf

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

func TestSizes(t *testing.T) {
	for _, kind := range kinds {
		for _, size := range []int{1, 2, page - 1, page, page + 1, 2 * page, 2*page + 1, 1 << 20, 1<<20 + 1} {
			r, err := kind.make(size)
			if err != nil {
				t.Fatalf("%s(%d): %v", kind.name, size, err)
			}
			want := page
			for want < size {
				want *= 2
			}
			if r.Cap() != want || r.Len() != 0 || len(r.Space()) != want || len(r.Window()) != 0 {
				t.Errorf("%s(%d): Cap %d, Len %d, Space %d", kind.name, size, r.Cap(), r.Len(), len(r.Space()))
			}
			if err := errors.Join(r.check(), r.Close()); err != nil {
				t.Error(err)
			}
		}
		for _, size := range []int{0, -1, math.MinInt, MaxSize + 1, math.MaxInt} {
			r, err := kind.make(size)
			if !errors.Is(err, ErrSize) || r != nil {
				t.Errorf("%s(%d) = %v, %v", kind.name, size, r, err)
			}
			if err != nil && !strings.Contains(err.Error(), fmt.Sprint(size)) {
				t.Errorf("%s(%d): the error does not say the size: %v", kind.name, size, err)
			}
		}
	}
}

// TestKinds makes sure that the tests of both kinds do test both.
func TestKinds(t *testing.T) {
	r, err := New(1)
	if err != nil {
		t.Fatal(err)
	}
	if want := runtime.GOOS == "linux" && !raceEnabled; r.Mirrored() != want {
		t.Errorf("New: Mirrored %v, want %v", r.Mirrored(), want)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	h, err := NewHeap(1)
	if err != nil {
		t.Fatal(err)
	}
	if h.Mirrored() {
		t.Error("NewHeap gave a mirrored ring")
	}
}

// TestScenario23EverySequence runs every sequence of operations up to a length, from positions at and around the wrap
// of uint64.
func TestScenario23EverySequence(t *testing.T) {
	third := page/3 + 1
	ops := []func(m *modelRing){
		func(m *modelRing) { m.commit(min(1, m.room())) },
		func(m *modelRing) { m.commit(min(third, m.room())) },
		func(m *modelRing) { m.commit(m.room()) },
		func(m *modelRing) { m.discard(min(1, len(m.held))) },
		func(m *modelRing) { m.discard(min(third, len(m.held))) },
		func(m *modelRing) { m.discard(len(m.held)) },
		func(m *modelRing) { // a Discard between Space and Commit leaves the Space good
			space := m.r.Space()
			m.discard(min(third, len(m.held)))
			m.take(copy(space, streamAt(m.written, len(space))))
		},
		(*modelRing).reset,
	}
	depth := 6
	if raceEnabled || testing.Short() {
		depth = 4
	}
	starts := []uint64{0, math.MaxUint64, math.MaxUint64 - uint64(page), math.MaxUint64 - uint64(2*page+1)}
	forKinds(t, func(t *testing.T, make func(int) *Ring) {
		m := &modelRing{r: make(page)}
		sequences := 1
		for range depth {
			sequences *= len(ops)
		}
		for _, start := range starts {
			for seq := range sequences {
				m.reset()
				startAt(m.r, start)
				for n, rest := 0, seq; n < depth; n, rest = n+1, rest/len(ops) {
					ops[rest%len(ops)](m)
					if err := m.compare(); err != nil {
						t.Fatalf("start %d, sequence %#o, operation %d: %v", start, seq, n, err)
					}
				}
			}
		}
	})
}

func TestRandomSequences(t *testing.T) {
	forKinds(t, func(t *testing.T, make func(int) *Ring) {
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, 2))
			m := &modelRing{r: make(page << r.IntN(3))}
			startAt(m.r, -uint64(r.IntN(100*m.r.Cap())))
			for n := range 4000 {
				switch k := r.IntN(200); {
				case k == 0:
					m.reset()
				case k < 100:
					m.commit(r.IntN(m.room() + 1))
				default:
					m.discard(r.IntN(len(m.held) + 1))
				}
				if err := m.compare(); err != nil {
					t.Fatalf("seed %d, operation %d: %v", seed, n, err)
				}
			}
		}
	})
}

// TestWindowKeepsItsBytes holds slices of the window over Discard and, for what was not discarded, over Space.
func TestWindowKeepsItsBytes(t *testing.T) {
	forKinds(t, func(t *testing.T, make func(int) *Ring) {
		m := &modelRing{r: make(page)}
		for round := range 20 {
			m.commit(m.room())
			window := m.r.Window()
			want := bytes.Clone(window)
			m.discard(page / 2)
			if !bytes.Equal(window, want) {
				t.Fatalf("round %d: Discard changed the window it cut", round)
			}
			m.r.Space()
			if rest := window[page/2:]; !bytes.Equal(rest, want[page/2:]) || !bytes.Equal(rest, m.r.Window()) {
				t.Fatalf("round %d: Space changed bytes that are still held", round)
			}
		}
	})
}

func TestOutOfRangePanics(t *testing.T) {
	forKinds(t, func(t *testing.T, make func(int) *Ring) {
		r := make(page)
		wantPanic(t, fmt.Sprintf("Commit of %d bytes, the limit is %d", page+1, page), func() { r.Commit(page + 1) })
		wantPanic(t, "Commit of -1 bytes", func() { r.Commit(-1) })
		wantPanic(t, "Discard of 1 bytes, the limit is 0", func() { r.Discard(1) })
		r.Space()
		r.Commit(page - 10)
		wantPanic(t, "Commit of 11 bytes, the limit is 10", func() { r.Commit(11) })
		wantPanic(t, "Discard of -5 bytes", func() { r.Discard(-5) })
		wantPanic(t, "Discard of", func() { r.Discard(page) })
		r.Discard(page - 10)
		// The last Space had 10 bytes left: more needs a new Space.
		wantPanic(t, "Commit of 11 bytes, the limit is 10", func() { r.Commit(11) })
		r.Space()
		r.Commit(11)
		if r.Len() != 11 {
			t.Errorf("Len %d after refused calls, want 11", r.Len())
		}
		if err := r.check(); err != nil {
			t.Error(err)
		}
	})
}

func TestClosedRing(t *testing.T) {
	forKinds(t, func(t *testing.T, make func(int) *Ring) {
		r := make(page)
		r.Space()
		r.Commit(5)
		for range 2 {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if err := r.check(); err != nil {
				t.Fatal(err)
			}
			if r.Window() != nil || r.Space() != nil || r.Len() != 0 || r.Cap() != 0 || r.Mirrored() {
				t.Errorf("closed ring: Window %v, Space %v, Len %d, Cap %d, Mirrored %v",
					r.Window(), r.Space(), r.Len(), r.Cap(), r.Mirrored())
			}
			r.Reset()
			r.Commit(0)
			r.Discard(0)
			wantPanic(t, "Commit of 1 bytes in a closed ring", func() { r.Commit(1) })
			wantPanic(t, "Discard of 1 bytes in a closed ring", func() { r.Discard(1) })
		}
	})
	var zero Ring
	if zero.Window() != nil || zero.Space() != nil || zero.Close() != nil {
		t.Error("the zero Ring is not a closed one")
	}
}

// wantPanic calls f, which has to panic with a text that contains want.
func wantPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("panic %q, want %q", got, want)
		}
	}()
	f()
}
