package ringbuf

import (
	"fmt"
	"math/bits"
	"unsafe"
)

const (
	minBlockClass = 8  // 256 B
	maxBlockClass = 20 // 1 MiB

	// DefaultMaxIdleBlockBytes is what [Blocks] keeps at most unless told otherwise: 8 MiB.
	DefaultMaxIdleBlockBytes = 8 << 20
)

// Blocks makes heap blocks of powers of two from 256 B to 1 MiB and keeps them for reuse. Stats may be called from any
// goroutine, everything else from one, as a rule a loop's.
//
// Invariant: an idle block has length 0, the capacity of its class, and is in the list of that class once.
type Blocks struct {
	blocks shelf[[]byte]
}

// BlocksStats are the counts of a [Blocks] at about one moment. Blocks above 1 MiB are not counted.
type BlocksStats struct {
	InUse, Idle           int64 // blocks
	InUseBytes, IdleBytes int64 // capacity in bytes
}

// NewBlocks makes an empty pool of blocks that keeps at most maxIdleBytes; 0 is [DefaultMaxIdleBlockBytes], a negative
// value keeps nothing.
func NewBlocks(maxIdleBytes int64) *Blocks {
	if maxIdleBytes == 0 {
		maxIdleBytes = DefaultMaxIdleBlockBytes
	}
	b := new(Blocks)
	b.blocks.maxIdleBytes = maxIdleBytes
	return b
}

// Get returns a block of length 0 and at least n bytes of capacity: exactly that of its class, or for more than 1 MiB
// what make gives. Bytes behind the length are unspecified. The caller owns it until it is Put. Get panics if n is
// negative.
func (b *Blocks) Get(n int) []byte {
	if n < 0 {
		panic(fmt.Sprintf("ringbuf: Get of a block of %d bytes", n))
	}
	if n > 1<<maxBlockClass {
		return make([]byte, 0, n)
	}
	class := blockClass(n)
	if p, ok := b.blocks.take(class); ok {
		return p
	}
	b.blocks.made[class].Add(1)
	return make([]byte, 0, 1<<class)
}

func blockClass(n int) int {
	return max(bits.Len(uint(max(n, 1)-1)), minBlockClass)
}

// Put takes a block back. p is a slice from Get, of any length, that starts where Get's did: its capacity tells the
// class. A capacity that no class has is left to the garbage collector. If the idle blocks would exceed the bound,
// larger ones are dropped first and then this one. No slice of the block may be used afterwards. Under the build tag
// poison, Put panics if the block was Put already.
func (b *Blocks) Put(p []byte) {
	n := cap(p)
	class := bits.Len(uint(n)) - 1
	if class < minBlockClass || class > maxBlockClass || n != 1<<class {
		return
	}
	p = p[:n]
	Fill(p)
	if Poison {
		b.refuseTwice(class, p)
	}
	for !b.blocks.fits(class) {
		_, largerClass, ok := b.blocks.takeLarger(class)
		if !ok {
			b.blocks.made[class].Add(-1)
			return
		}
		b.blocks.made[largerClass].Add(-1)
	}
	b.blocks.give(class, p[:0])
}

// refuseTwice panics if p lies idle.
func (b *Blocks) refuseTwice(class int, p []byte) {
	for _, q := range b.blocks.free[class] {
		if unsafe.SliceData(q) == unsafe.SliceData(p) {
			panic(fmt.Sprintf("ringbuf: Put of a block of %d bytes that was Put already", len(p)))
		}
	}
}

// Stats returns the counts. Any goroutine may call it.
func (b *Blocks) Stats() BlocksStats {
	var s BlocksStats
	s.Idle, s.IdleBytes, s.InUse, s.InUseBytes = b.blocks.totals()
	return s
}
