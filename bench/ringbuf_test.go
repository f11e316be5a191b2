package bench

import (
	"fmt"
	"testing"

	"github.com/millrace-net/millrace/ringbuf"
)

// ringKinds are the two sorts of ring; where rings cannot be mirrored, "new" is a heap ring too.
var ringKinds = []struct {
	name string
	make func(size int) (*ringbuf.Ring, error)
}{
	{"new", ringbuf.New},
	{"heap", ringbuf.NewHeap},
}

// BenchmarkRingCycle writes and reads messages through a ring of 64 KiB, with a rest of 100 bytes always left in it,
// so that the ring is never empty: a heap ring has to move that rest each time it comes to the end of its buffer.
func BenchmarkRingCycle(b *testing.B) {
	for _, kind := range ringKinds {
		for _, size := range []int{32, 1024, 16 << 10, 60 << 10} {
			b.Run(fmt.Sprintf("%s/%d", kind.name, size), func(b *testing.B) {
				r, err := kind.make(64 << 10)
				if err != nil {
					b.Fatal(err)
				}
				message := make([]byte, size)
				for i := range message {
					message[i] = byte(i)
				}
				r.Space()
				r.Commit(100)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				var sum uint64
				for b.Loop() {
					r.Commit(copy(r.Space(), message))
					r.Discard(size)
					sum += uint64(r.Window()[99])
				}
				if want := uint64(message[size-1]) * uint64(b.N); sum != want || r.Len() != 100 {
					b.Fatalf("sum %d, want %d; %d bytes left", sum, want, r.Len())
				}
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// BenchmarkRingAccess is the cost of the ring's own arithmetic: no byte is copied.
func BenchmarkRingAccess(b *testing.B) {
	for _, kind := range ringKinds {
		b.Run(kind.name, func(b *testing.B) {
			r, err := kind.make(64 << 10)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			space, window := 0, 0
			for b.Loop() {
				space += len(r.Space())
				r.Commit(64)
				window += len(r.Window())
				r.Discard(64)
			}
			if space != b.N*r.Cap() || window != b.N*64 {
				b.Fatalf("space %d, window %d after %d rounds", space, window, b.N)
			}
			if err := r.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkRingPool takes a ring from a pool and puts it back: one that lies idle, or, where the pool keeps nothing,
// a new one each time.
func BenchmarkRingPool(b *testing.B) {
	for _, mode := range []struct {
		name         string
		maxIdleBytes int64
	}{{"idle", 0}, {"map", -1}} {
		b.Run(mode.name, func(b *testing.B) {
			p := ringbuf.NewPool(ringbuf.PoolConfig{MaxIdleBytes: mode.maxIdleBytes})
			b.ReportAllocs()
			for b.Loop() {
				r, err := p.Get(64 << 10)
				if err != nil {
					b.Fatal(err)
				}
				p.Put(r)
			}
			s := p.Stats()
			if made := s.Mirrored + s.Heap; s.InUse != 0 || made != int64(b.N) && made != 1 {
				b.Fatalf("after %d rounds: %+v", b.N, s)
			}
			if err := p.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkRingGrow moves the window of a full ring to one of twice the size.
func BenchmarkRingGrow(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := ringbuf.NewPool(ringbuf.PoolConfig{})
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				r, err := p.Get(size)
				if err != nil {
					b.Fatal(err)
				}
				r.Commit(size)
				if r, err = p.Grow(r, 2*size); err != nil || r.Len() != size {
					b.Fatalf("%d bytes moved, error %v", r.Len(), err)
				}
				p.Put(r)
			}
			if s := p.Stats(); s.InUse != 0 || s.Idle != 2 {
				b.Fatalf("%+v", s)
			}
			if err := p.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkBlocks takes a block and puts it back.
func BenchmarkBlocks(b *testing.B) {
	for _, size := range []int{256, 4 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			blocks := ringbuf.NewBlocks(0)
			b.ReportAllocs()
			for b.Loop() {
				blocks.Put(blocks.Get(size))
			}
			if s := blocks.Stats(); s.InUse != 0 || s.Idle != 1 || s.IdleBytes != int64(size) {
				b.Fatalf("%+v", s)
			}
		})
	}
}
