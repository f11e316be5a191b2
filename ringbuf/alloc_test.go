package ringbuf

import "testing"

func TestAllocs(t *testing.T) {
	p, b := newTestPool(t, 0), NewBlocks(0)
	table := []struct {
		name string
		run  func()
	}{
		{"pool", func() {
			x, _ := p.Get(page)
			y, _ := p.Get(8 * page)
			p.Put(x)
			p.Put(y)
		}},
		{"grow", func() {
			x, _ := p.Get(page)
			x.Commit(100)
			x, _ = p.Grow(x, 8*page)
			p.Put(x)
		}},
		{"blocks", func() {
			x, y := b.Get(1), b.Get(1<<20)
			b.Put(x)
			b.Put(y)
		}},
		{"stats", func() {
			p.Stats()
			b.Stats()
		}},
	}
	for _, test := range table {
		if n := testing.AllocsPerRun(100, test.run); n != 0 {
			t.Errorf("%s: %v allocations", test.name, n)
		}
	}
	forKinds(t, func(t *testing.T, make func(int) *Ring) {
		r := make(page)
		n := testing.AllocsPerRun(100, func() {
			for range 10 {
				r.Commit(copy(r.Space(), "a line\r\n"))
				r.Commit(len(r.Space()) / 2)
				r.Discard(len(r.Window()) * 2 / 3)
			}
			r.Reset()
		})
		if n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
