package ringbuf

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"
)

func putBlock(t *testing.T, b *Blocks, p []byte) {
	t.Helper()
	b.Put(p)
	if err := b.check(); err != nil {
		t.Fatal(err)
	}
}

func TestBlockSizes(t *testing.T) {
	b := NewBlocks(0)
	for _, n := range []int{0, 1, 255, 256, 257, 511, 512, 513, 4096, 5000, 1<<20 - 1, 1 << 20} {
		p := b.Get(n)
		want := 256
		for want < n {
			want *= 2
		}
		if len(p) != 0 || cap(p) != want {
			t.Errorf("Get(%d): length %d, capacity %d, want 0, %d", n, len(p), cap(p), want)
		}
		if s := b.Stats(); s.InUse != 1 || s.InUseBytes != int64(want) {
			t.Errorf("Get(%d): %+v", n, s)
		}
		putBlock(t, b, p)
	}
	wantPanic(t, "Get of a block of -1 bytes", func() { b.Get(-1) })
}

func TestLargeBlocksAreNotKept(t *testing.T) {
	b := NewBlocks(1 << 30)
	for _, n := range []int{1<<20 + 1, 1 << 21} {
		p := b.Get(n)
		if len(p) != 0 || cap(p) < n {
			t.Errorf("Get(%d): length %d, capacity %d", n, len(p), cap(p))
		}
		putBlock(t, b, p)
	}
	if s := b.Stats(); s != (BlocksStats{}) {
		t.Errorf("%+v", s)
	}
}

func TestForeignCapacitiesAreDropped(t *testing.T) {
	b := NewBlocks(0)
	for _, n := range []int{0, 1, 100, 128, 255, 257, 300, 3000, 1<<20 - 1} {
		putBlock(t, b, make([]byte, 0, n))
	}
	putBlock(t, b, nil)
	if s := b.Stats(); s.Idle != 0 {
		t.Errorf("%+v", s)
	}
}

func TestBlocksReuseLastFirst(t *testing.T) {
	b := NewBlocks(0)
	x, y := b.Get(300), b.Get(400)
	putBlock(t, b, x)
	putBlock(t, b, append(y, "any length will do"...))
	if s := b.Stats(); s.Idle != 2 || s.IdleBytes != 1024 || s.InUse != 0 {
		t.Errorf("%+v", s)
	}
	for i, want := range [][]byte{y, x} {
		got := b.Get(512)
		if unsafe.SliceData(got) != unsafe.SliceData(want) || len(got) != 0 {
			t.Errorf("Get %d: not the block that was put last, or length %d", i, len(got))
		}
	}
}

func TestBlocksBoundIdleBytes(t *testing.T) {
	b := NewBlocks(4096)
	var blocks [][]byte
	for _, n := range []int{1024, 2048, 1024, 256, 4096, 8192} {
		blocks = append(blocks, b.Get(n))
	}
	idle := []int64{1024, 3072, 4096, 2304, 2304, 2304} // the fourth drops the one of 2,048; the last two do not fit
	for i, p := range blocks {
		putBlock(t, b, p)
		if s := b.Stats(); s.IdleBytes != idle[i] || s.InUse != int64(len(blocks)-i-1) {
			t.Errorf("after %d: %+v, want %d bytes idle", i+1, s, idle[i])
		}
	}
	none := NewBlocks(-1)
	putBlock(t, none, none.Get(1))
	if s := none.Stats(); s != (BlocksStats{}) {
		t.Errorf("a pool that keeps nothing: %+v", s)
	}
}

// TestBlocksRandom keeps many blocks filled with their own bytes: no two may share memory.
func TestBlocksRandom(t *testing.T) {
	b := NewBlocks(16 << 10)
	r := rand.New(rand.NewPCG(5, 5))
	var used [][]byte
	for n := range 5000 {
		i := r.IntN(len(used) + 3)
		if i >= len(used) {
			p := b.Get(r.IntN(1 << r.IntN(13)))
			p = append(p, bytes.Repeat([]byte{byte(n)}, cap(p))...)
			used = append(used, p)
		} else {
			p := used[i]
			if want := bytes.Repeat(p[:1], cap(p)); !bytes.Equal(p, want) {
				t.Fatalf("step %d: a block of %d bytes was overwritten", n, cap(p))
			}
			putBlock(t, b, p[:r.IntN(len(p)+1)])
			used = append(used[:i], used[i+1:]...)
		}
		if s := b.Stats(); s.InUse != int64(len(used)) {
			t.Fatalf("step %d: %+v, want %d in use", n, s, len(used))
		}
	}
}
