package ringbuf

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
)

// newTestPool makes a pool that has to be sound and empty when the test ends.
func newTestPool(t *testing.T, maxIdleBytes int64) *Pool {
	p := NewPool(PoolConfig{MaxIdleBytes: maxIdleBytes})
	t.Cleanup(func() {
		if err := errors.Join(p.check(), p.Close(), p.check()); err != nil {
			t.Error(err)
		}
		if s := p.Stats(); s.Idle != 0 || s.IdleBytes != 0 || s.InUse != 0 || s.InUseBytes != 0 {
			t.Errorf("at the end: %+v", s)
		}
	})
	return p
}

func get(t *testing.T, p *Pool, size int) *Ring {
	t.Helper()
	r, err := p.Get(size)
	if err != nil {
		t.Fatal(err)
	}
	if r.Cap() < size || r.Len() != 0 || len(r.Space()) != r.Cap() {
		t.Fatalf("Get(%d): Cap %d, Len %d, Space %d", size, r.Cap(), r.Len(), len(r.Space()))
	}
	if err := errors.Join(r.check(), p.check()); err != nil {
		t.Fatal(err)
	}
	return r
}

func put(t *testing.T, p *Pool, r *Ring) {
	t.Helper()
	p.Put(r)
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
}

func TestPoolReusesLastFirst(t *testing.T) {
	p := newTestPool(t, 0)
	a, b, c := get(t, p, page), get(t, p, page), get(t, p, 2*page)
	b.Commit(7)
	b.Discard(3)
	for _, r := range []*Ring{a, b, c} {
		put(t, p, r)
	}
	if s := p.Stats(); s.Idle != 3 || s.IdleBytes != int64(4*page) || s.InUse != 0 {
		t.Errorf("idle: %+v", s)
	}
	for i, want := range []*Ring{b, a} {
		if got := get(t, p, page-i); got != want {
			t.Errorf("Get %d is not the ring that was put last", i)
		}
	}
	if got := get(t, p, page+1); got != c {
		t.Error("the larger ring was not reused")
	}
	s := p.Stats()
	if s.Idle != 0 || s.InUse != 3 || s.InUseBytes != int64(4*page) || s.Mirrored+s.Heap != 3 {
		t.Errorf("in use: %+v", s)
	}
	for _, r := range []*Ring{a, b, c} {
		put(t, p, r)
	}
}

func TestPoolBoundsIdleBytes(t *testing.T) {
	p := newTestPool(t, int64(4*page))
	var rings []*Ring
	for _, pages := range []int{1, 2, 1, 1, 1, 4, 8} {
		rings = append(rings, get(t, p, pages*page))
	}
	idle := []int64{1, 2, 3, 3, 4, 4, 4} // the fourth drops the ring of two pages; the last two do not fit
	for i, r := range rings {
		put(t, p, r)
		if s := p.Stats(); s.Idle != idle[i] || s.IdleBytes > int64(4*page) || s.InUse != int64(len(rings)-i-1) {
			t.Errorf("after %d: %+v", i+1, s)
		}
	}
	if s := p.Stats(); s.IdleBytes != int64(4*page) {
		t.Errorf("%+v", s)
	}
}

func TestPoolKeepsNothing(t *testing.T) {
	p := newTestPool(t, -1)
	put(t, p, get(t, p, page))
	if s := p.Stats(); s.Idle != 0 {
		t.Errorf("%+v", s)
	}
}

func TestPutAfterClose(t *testing.T) {
	p := NewPool(PoolConfig{})
	a, b := get(t, p, page), get(t, p, page)
	put(t, p, a)
	for range 2 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b.Commit(copy(b.Space(), "mine"))
	if string(b.Window()) != "mine" {
		t.Error("Close touched a ring in use")
	}
	put(t, p, b)
	if s := p.Stats(); s.Idle != 0 || s.InUse != 0 {
		t.Errorf("%+v", s)
	}
	if err := b.check(); err != nil || b.Space() != nil {
		t.Errorf("the ring is not closed: %v", err)
	}
}

func TestPutMisuse(t *testing.T) {
	p, other := newTestPool(t, 0), newTestPool(t, int64(page))
	r := get(t, p, page)
	wantPanic(t, "Put of a ring that is not from this pool", func() { other.Put(r) })
	wantPanic(t, "Grow of a ring that is not from this pool", func() { _, _ = other.Grow(r, 2*page) })
	put(t, p, r)
	wantPanic(t, "Put of a ring that was Put already", func() { p.Put(r) })
	wantPanic(t, "Grow of a ring that was Put already", func() { _, _ = p.Grow(r, 2*page) })
	wantPanic(t, "Close of a ring that was Put", func() { _ = r.Close() })
	large := get(t, other, 2*page)
	put(t, other, large) // not kept
	wantPanic(t, "Put of a ring that is not from this pool", func() { other.Put(large) })
	own, err := New(page)
	if err != nil {
		t.Fatal(err)
	}
	wantPanic(t, "not from this pool", func() { p.Put(own) })
	if err := own.Close(); err != nil {
		t.Error(err)
	}
}

func TestPutClosedRing(t *testing.T) {
	p := newTestPool(t, 0)
	r := get(t, p, page)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, p, r)
	if s := p.Stats(); s.Idle != 0 || s.InUse != 0 {
		t.Errorf("%+v", s)
	}
}

func TestGrow(t *testing.T) {
	p := newTestPool(t, 0)
	r := get(t, p, page)
	r.Commit(copy(r.Space(), streamAt(0, page)))
	r.Discard(page / 2)
	r.Commit(copy(r.Space(), streamAt(uint64(page), page/4)))
	want := streamAt(uint64(page/2), page/2+page/4)
	if same, err := p.Grow(r, page); same != r || err != nil {
		t.Errorf("Grow to what it has: %v, %v", same, err)
	}
	for _, size := range []int{0, -1, MaxSize + 1} {
		if none, err := p.Grow(r, size); none != nil || !errors.Is(err, ErrSize) {
			t.Errorf("Grow to %d: %v, %v", size, none, err)
		}
	}
	if !bytes.Equal(r.Window(), want) {
		t.Fatal("a refused Grow changed the ring")
	}
	for _, size := range []int{page + 1, 16 * page} {
		old := r
		grown, err := p.Grow(r, size)
		if err != nil {
			t.Fatal(err)
		}
		if grown.Cap() < size || !bytes.Equal(grown.Window(), want) || len(grown.Space()) != grown.Cap()-len(want) {
			t.Errorf("Grow to %d: Cap %d, Len %d", size, grown.Cap(), grown.Len())
		}
		if !old.idle {
			t.Errorf("Grow to %d did not put the old ring", size)
		}
		if err := errors.Join(p.check(), grown.check()); err != nil {
			t.Error(err)
		}
		r = grown
	}
	put(t, p, r)
}

func TestPoolRandom(t *testing.T) {
	p := newTestPool(t, int64(20*page))
	r := rand.New(rand.NewPCG(3, 3))
	var used []*modelRing
	bytesInUse := func() (n int64) {
		for _, m := range used {
			n += int64(m.r.Cap())
		}
		return n
	}
	for range 3000 {
		i := r.IntN(len(used) + 3)
		switch {
		case i >= len(used) && len(used) < 10:
			used = append(used, &modelRing{r: get(t, p, 1+r.IntN(8*page))})
		case i >= len(used):
			continue
		case r.IntN(4) == 0:
			put(t, p, used[i].r)
			used = append(used[:i], used[i+1:]...)
		case r.IntN(4) == 0:
			grown, err := p.Grow(used[i].r, 1+r.IntN(16*page))
			if err != nil {
				t.Fatal(err)
			}
			used[i].r = grown
		default:
			used[i].discard(r.IntN(len(used[i].held) + 1))
			used[i].commit(r.IntN(used[i].room() + 1))
		}
		for _, m := range used { // rings must not share memory
			if err := m.compare(); err != nil {
				t.Fatal(err)
			}
		}
		if s := p.Stats(); s.InUse != int64(len(used)) || s.InUseBytes != bytesInUse() {
			t.Fatalf("%+v, in use are %d rings of %d bytes", s, len(used), bytesInUse())
		}
	}
	for _, m := range used {
		put(t, p, m.r)
	}
}

// TestStatsFromAnyGoroutine reads the counts while the owner works.
func TestStatsFromAnyGoroutine(t *testing.T) {
	p := newTestPool(t, int64(2*page))
	b := NewBlocks(0)
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if s := p.Stats(); s.InUse < 0 || s.InUse > 3 || s.Idle > 2 {
					t.Errorf("%+v", s)
					return
				}
				if s := b.Stats(); s.InUse < 0 || s.InUse > 1 {
					t.Errorf("%+v", s)
					return
				}
			}
		})
	}
	for range 2000 {
		x, y := get(t, p, page), get(t, p, page)
		block := b.Get(1000)
		put(t, p, x)
		put(t, p, y)
		b.Put(block)
	}
	close(done)
	readers.Wait()
}
