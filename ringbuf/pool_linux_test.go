//go:build !race

// Under the race detector pools make no mirrored rings.

package ringbuf

import (
	"bytes"
	"errors"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestScenario23PoolFallsBack fails each call that makes a mirror: the pool gives a heap ring, and nothing stays
// behind.
func TestScenario23PoolFallsBack(t *testing.T) {
	for k := 1; k <= len(mirrorCalls); k++ {
		files := openFiles(t)
		l := newLedger(k, false, unix.ENOMEM)
		p := NewPool(PoolConfig{Calls: l.wrap()})
		a, err := p.Get(page)
		if err != nil {
			t.Fatalf("%s failed: %v", mirrorCalls[k-1], err)
		}
		b, err := p.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		if a.Mirrored() || !b.Mirrored() {
			t.Errorf("%s failed: Mirrored %v, and next %v", mirrorCalls[k-1], a.Mirrored(), b.Mirrored())
		}
		if s := p.Stats(); s.Fallbacks != 1 || s.Heap != 1 || s.Mirrored != 1 || s.InUse != 2 {
			t.Errorf("%s failed: %+v", mirrorCalls[k-1], s)
		}
		a.Commit(copy(a.Space(), "still a ring"))
		if !bytes.Equal(a.Window(), []byte("still a ring")) {
			t.Errorf("Window %q", a.Window())
		}
		p.Put(a)
		p.Put(b)
		if err := errors.Join(p.check(), p.Close(), l.leaks()); err != nil {
			t.Error(err)
		}
		if n, m := openFiles(t), ringMappings(t); n != files || m != 0 {
			t.Errorf("%s failed: %d descriptors, before %d; %d mappings", mirrorCalls[k-1], n, files, m)
		}
	}
}

func TestGrowFallsBack(t *testing.T) {
	l := newLedger(len(mirrorCalls)+1, true, unix.ENOMEM)
	p := NewPool(PoolConfig{Calls: l.wrap()})
	r, err := p.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	r.Commit(copy(r.Space(), "from the mirror"))
	r, err = p.Grow(r, 4*page)
	if err != nil || r.Mirrored() || string(r.Window()) != "from the mirror" {
		t.Fatalf("Mirrored %v, Window %q, error %v", r.Mirrored(), r.Window(), err)
	}
	p.Put(r)
	if err := errors.Join(p.check(), p.Close(), l.leaks()); err != nil {
		t.Error(err)
	}
}

// TestUnmapFails has munmap(2) fail after it worked: the ring counts as closed, and the error comes out.
func TestUnmapFails(t *testing.T) {
	l := newLedger(0, false, nil)
	calls := l.wrap()
	unmap := calls.Unmap
	calls.Unmap = func(addr unsafe.Pointer, size uintptr) error { return errors.Join(unmap(addr, size), unix.EINVAL) }
	p := NewPool(PoolConfig{Calls: calls, MaxIdleBytes: int64(page)})
	var rings []*Ring
	for range 3 {
		r, err := p.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		rings = append(rings, r)
	}
	if err := rings[0].Close(); !errors.Is(err, unix.EINVAL) {
		t.Errorf("Close of a ring: %v", err)
	}
	if err := errors.Join(rings[0].Close(), rings[0].check()); err != nil {
		t.Errorf("second Close: %v", err)
	}
	for _, r := range rings {
		p.Put(r)
	}
	if s := p.Stats(); s.Idle != 1 || s.InUse != 0 {
		t.Errorf("%+v", s)
	}
	if err := p.Close(); !errors.Is(err, unix.EINVAL) {
		t.Errorf("Close of the pool: %v", err)
	}
	if err := l.leaks(); err != nil {
		t.Error(err)
	}
}

// TestScenario23MapCountStaysFlat makes and releases rings ten thousand times.
func TestScenario23MapCountStaysFlat(t *testing.T) {
	files, mappings := openFiles(t), countMappings(t, "")
	p := NewPool(PoolConfig{MaxIdleBytes: int64(2 * page)})
	for i := range 10_000 {
		a, err := p.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.Get(page << (i % 3))
		if err != nil {
			t.Fatal(err)
		}
		a.Commit(copy(a.Space(), "a"))
		p.Put(a)
		if i%2 == 0 {
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
		}
		p.Put(b)
		if i%500 == 0 {
			if n := ringMappings(t); n > 4 {
				t.Fatalf("cycle %d: %d mappings", i, n)
			}
		}
	}
	if err := errors.Join(p.check(), p.Close()); err != nil {
		t.Fatal(err)
	}
	if n := ringMappings(t); n != 0 {
		t.Errorf("%d ring mappings left", n)
	}
	if n := openFiles(t); n != files {
		t.Errorf("%d descriptors, before %d", n, files)
	}
	// The Go heap may have grown by some mappings of its own.
	if n := countMappings(t, ""); n > mappings+50 {
		t.Errorf("%d mappings, before %d", n, mappings)
	}
}
