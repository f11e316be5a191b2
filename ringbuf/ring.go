package ringbuf

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"os"
)

// MaxSize is the largest capacity of a ring in bytes: 1 GiB, or 256 MiB where int has 32 bits.
const MaxSize = 1 << (28 + 2*(^uint(0)>>63))

// ErrSize says that a ring was asked for with a size of less than one byte or more than [MaxSize].
var ErrSize = errors.New("ringbuf: size out of range")

// Ring is a FIFO of bytes with a fixed capacity, a power of two of at least one page. One goroutine uses it at a time.
// The zero value is a closed ring.
//
// Invariant: head ≤ tail ≤ end ≤ head+size, in the order of free-running positions, which wrap at 2^64; in a heap ring
// also origin ≤ head and end ≤ origin+2·size.
type Ring struct {
	buf  []byte // twice the capacity: the memory and its mirror, or a heap buffer; nil once closed
	head uint64 // position of the first byte held
	tail uint64 // position behind the last byte held
	end  uint64 // position behind the last Space that was handed out

	origin uint64 // position that lies at buf[0]; in a mirrored ring every multiple of the size does, and origin is 0
	mask   uint64 // from a distance to origin to an index of buf
	slide  uint64 // a heap ring moves its content to the front when head is further than this from origin
	size   uint64

	calls *Calls // what unmaps buf; nil in a heap ring
	pool  *Pool  // where Put takes the ring back; nil if it came from New or NewHeap
	class uint8  // log2 of the size
	idle  bool   // lies in the pool
}

// New makes an empty ring of at least size bytes: size is rounded up to a power of two and to a page. The ring is
// mirrored where the system can do that, and a heap ring otherwise. The error is [ErrSize]. The caller owns the ring
// and has to Close it: the garbage collector does not unmap a mirrored ring.
func New(size int) (*Ring, error) {
	class, err := classOf(size)
	if err != nil {
		return nil, err
	}
	r, _ := newRing(&systemCalls, class)
	return r, nil
}

// NewHeap makes an empty heap ring, of the same sizes as [New]. The error is [ErrSize].
func NewHeap(size int) (*Ring, error) {
	class, err := classOf(size)
	if err != nil {
		return nil, err
	}
	return newHeapRing(class), nil
}

var (
	systemCalls = System()
	pageClass   = bits.Len(uint(os.Getpagesize() - 1))
)

// classOf is log2 of the capacity for a size in bytes.
func classOf(size int) (int, error) {
	if size <= 0 || size > MaxSize {
		return 0, fmt.Errorf("%w: %d bytes, allowed are 1 to %d", ErrSize, size, MaxSize)
	}
	return max(bits.Len(uint(size-1)), pageClass), nil
}

// newRing makes a mirrored ring, or, with the cause, a heap ring.
func newRing(calls *Calls, class int) (r *Ring, mapErr error) {
	if raceEnabled {
		return newHeapRing(class), nil
	}
	buf, err := calls.mapMirror(1 << class)
	if err != nil {
		return newHeapRing(class), err
	}
	size := uint64(1) << class
	return &Ring{
		buf: buf, size: size, end: size, mask: size - 1, slide: math.MaxUint64,
		calls: calls, class: uint8(class),
	}, nil
}

// Window is the bytes that the ring holds, oldest first: Len() bytes, without a copy. The ring owns them. The bytes
// stay where they are, discarded ones included, until the next call of Space, Reset or Close or until the ring is
// Put; writing to them changes what the ring holds. nil if the ring is closed.
func (r *Ring) Window() []byte {
	i := (r.head - r.origin) & r.mask
	j := i + (r.tail - r.head)
	return r.buf[i:j:j]
}

// Space is the room behind the window: Cap()-Len() bytes of unspecified content, to be filled from the front and then
// committed. The ring owns them. The slice is valid until the next call of Space, Reset or Close or until the ring is
// Put; a Commit takes bytes from its front, a Discard does not change it. nil if the ring is closed.
func (r *Ring) Space() []byte {
	if r.head-r.origin > r.slide {
		r.moveToFront()
	}
	r.end = r.head + r.size
	i := (r.tail - r.origin) & r.mask
	j := i + (r.end - r.tail)
	return r.buf[i:j:j]
}

// Commit appends to the window the next n bytes of the slice that Space last returned. It panics if n is negative or
// more than is left of that slice; a new or reset ring counts as one whose Space was called.
func (r *Ring) Commit(n int) {
	if uint64(n) > r.end-r.tail {
		r.badCount("Commit", n, r.end-r.tail)
	}
	r.tail += uint64(n)
}

// Discard drops the first n bytes of the window. It panics if n is negative or more than Len().
func (r *Ring) Discard(n int) {
	if uint64(n) > r.tail-r.head {
		r.badCount("Discard", n, r.tail-r.head)
	}
	r.head += uint64(n)
}

func (r *Ring) badCount(what string, n int, limit uint64) {
	if r.buf == nil {
		panic(fmt.Sprintf("ringbuf: %s of %d bytes in a closed ring", what, n))
	}
	panic(fmt.Sprintf("ringbuf: %s of %d bytes, the limit is %d", what, n, limit))
}

// Len is the number of bytes that the ring holds.
func (r *Ring) Len() int { return int(r.tail - r.head) }

// Cap is the number of bytes that the ring can hold; 0 if it is closed.
func (r *Ring) Cap() int { return int(r.size) }

// Mirrored reports whether the ring is a memfd mapped twice. A closed ring is not.
func (r *Ring) Mirrored() bool { return r.calls != nil }

// Reset empties the ring and goes back to the start of its memory, so that the next bytes are written where the cache
// still holds the last ones.
func (r *Ring) Reset() {
	r.head, r.tail, r.origin, r.end = 0, 0, 0, r.size
}

// Close gives the ring's memory back; every slice of it is invalid from then on. Window and Space of a closed ring
// are nil, and Commit or Discard of any byte panics. The error is that of munmap(2); the ring is closed all the same.
// Closing again does nothing. A ring that came from a pool should go back by [Pool.Put]; if it is closed, Put still
// has to be called for the pool's count. Close of a ring that lies in a pool panics.
func (r *Ring) Close() error {
	if r.idle {
		panic("ringbuf: Close of a ring that was Put")
	}
	return r.release()
}

func (r *Ring) release() error {
	buf, calls := r.buf, r.calls
	*r = Ring{pool: r.pool, class: r.class}
	if calls == nil {
		return nil
	}
	return calls.unmapMirror(buf)
}
