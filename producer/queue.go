package producer

import "math/bits"

// Sizes of the blocks that copied bytes wait in, and of the ring that an emptied queue may keep.
const (
	minBlockBytes = 4 << 10
	maxBlockBytes = 64 << 10
	minRingItems  = 4
	maxIdleItems  = 256
)

// Queue is a FIFO of what waits to be written to one connection: asynchat's producer_fifo. It is used by one goroutine.
// The zero value has to be given its Sys by Init.
//
// Functions of others (done, Close, More) are called when the queue is in order, so they may push to it or
// discard it; they must not call WriteTo. Each item is unlinked before its function is called: a panic there leaves the
// queue consistent, and Discard frees the rest.
//
// Invariant: freed <= head <= tail <= freed+len(ring), positions are free-running, and off lies within the item at head.
// Items in [head, tail) wait; items in [freed, head) are written, and what is owed for them has not been paid yet.
type Queue struct {
	ring  []item // a power of two long, or nil
	freed uint64
	head  uint64
	tail  uint64
	off   int   // bytes of the item at head that the kernel took
	size  int64 // bytes known to wait
	sys   *Sys
	wake  func()
}

// Init gives the queue what it shares with the other queues of its loop, and the function that its Wakers call, from any
// goroutine, when they have something to write. sys nil means one of its own; wake nil means that nobody is woken.
// Init is for an empty queue.
func (q *Queue) Init(sys *Sys, wake func()) {
	if sys == nil {
		sys = new(Sys)
	}
	if wake == nil {
		wake = func() {}
	}
	sys.setDefaults()
	q.sys, q.wake = sys, wake
}

// at returns the item at a position. The pointer holds until the next push.
func (q *Queue) at(pos uint64) *item { return &q.ring[pos&uint64(len(q.ring)-1)] }

// link puts an item at the tail and returns its place, which is all zero but for what the caller sets.
func (q *Queue) link(k kind) *item {
	if q.tail-q.freed == uint64(len(q.ring)) {
		q.grow()
	}
	it := q.at(q.tail)
	q.tail++
	it.kind = k
	return it
}

// grow doubles the ring.
func (q *Queue) grow() {
	ring := make([]item, max(minRingItems, 2*len(q.ring)))
	for pos := q.freed; pos != q.tail; pos++ {
		ring[pos&uint64(len(ring)-1)] = *q.at(pos)
	}
	q.ring = ring
}

// Push queues a producer, which is the queue's from here on: it is asked for more as the socket drains, and closed if it
// is an io.Closer. A nil producer, and a Bytes producer with nothing left, are skipped.
func (q *Queue) Push(p Producer) {
	switch t := p.(type) {
	case nil:
	case *chunked:
		if len(t.p) > 0 {
			it := q.link(kindBytes)
			it.p, it.prod = t.p, p
			q.size += int64(len(t.p))
		}
	case *file:
		q.link(kindFile).prod = p
	case Direct:
		q.link(kindDirect).prod = p
	case Waker:
		q.link(kindProducer).prod = p
		t.OnReady(q.wake)
	default:
		q.link(kindProducer).prod = p
	}
}

// PushCopy queues a copy of p, which is the caller's again when it returns. Small pushes share blocks of 4 KiB to 64 KiB,
// and so one slice of a writev.
func (q *Queue) PushCopy(p []byte) {
	blockBytes := minBlockBytes
	if q.head != q.tail {
		if it := q.at(q.tail - 1); it.kind == kindBlock {
			n := copy(it.p[len(it.p):cap(it.p)], p)
			it.p = it.p[:len(it.p)+n]
			q.size += int64(n)
			p = p[n:]
			blockBytes = blockSize(2 * cap(it.p)) // a queue that grows takes larger blocks
		}
	}
	for len(p) > 0 {
		block := q.sys.get(max(blockBytes, blockSize(len(p))))
		n := min(len(p), cap(block))
		q.link(kindBlock).p = append(block, p[:n]...)
		q.size += int64(n)
		p = p[n:]
	}
}

// blockSize returns the size of a block for n bytes: a power of two within bounds.
func blockSize(n int) int {
	if n >= maxBlockBytes {
		return maxBlockBytes
	}
	return max(minBlockBytes, 1<<bits.Len(uint(n-1)))
}

// PushOwned queues p itself, which must not change until done, which may be nil, is called with it: exactly once, on the
// queue's goroutine, when p is written or dropped. If p is empty it is called at once.
func (q *Queue) PushOwned(p []byte, done func(p []byte)) {
	if len(p) == 0 {
		if done != nil {
			done(p)
		}
		return
	}
	it := q.link(kindOwned)
	it.p, it.done = p, done
	q.size += int64(len(p))
}

// First shows the head as a producer, without removing it; false if the queue is empty. It is asynchat's fifo.first.
// A producer that was pushed is shown itself; it is still the queue's, and More called on it would take bytes from the
// stream. Bytes are shown as a producer of what is left of them, valid until the next call on the queue.
func (q *Queue) First() (Producer, bool) {
	if q.head == q.tail {
		return nil, false
	}
	return q.at(q.head).view(q.off), true
}

// Pop removes the head and returns it as a producer of what is left of it, not closed; false if the queue is
// empty. It is asynchat's fifo.pop. The caller owns the producer, and if it is an io.Closer, has to close it: that is when
// the done of owned bytes is called.
func (q *Queue) Pop() (Producer, bool) {
	if q.head == q.tail {
		return nil, false
	}
	q.retire()
	if q.head == q.tail { // what retire called discarded the queue
		return nil, false
	}
	it, off := *q.at(q.head), q.off
	*q.at(q.head) = item{}
	q.size -= int64(len(it.p) - off)
	q.head++
	q.freed, q.off = q.head, 0
	return it.take(off, q.sys), true
}

// Empty reports whether nothing waits: asynchat's fifo.is_empty.
func (q *Queue) Empty() bool { return q.head == q.tail }

// Settled reports whether the queue holds nothing at all: it is Empty, and nothing is owed for what it held. After a panic in a
// done, More or Close an empty queue may owe something, which Discard pays.
func (q *Queue) Settled() bool { return q.freed == q.tail }

// Len returns the number of items that wait. Copied bytes that share a block are one.
func (q *Queue) Len() int { return int(q.tail - q.head) }

// Size returns the bytes known to wait: all bytes that were pushed, and the chunks in hand of producers, but not what
// a producer or a file has yet to make.
func (q *Queue) Size() int64 { return q.size }

// Discard drops everything that waits: done functions are called, producers closed, blocks given back. It returns what
// Size was before. What those functions push stays in the queue. On an empty queue it frees the queue's memory.
// If one of them panics, a further Discard goes on behind it.
func (q *Queue) Discard() int64 {
	size := q.size
	q.head, q.off, q.size = q.tail, 0, 0
	q.retire()
	if q.freed == q.tail {
		q.ring = nil
	}
	return size
}

// retire pays what is owed for the items that are written. It is the one place that calls a done or a Close, and it
// holds no pointer into the ring and no count while it does, so those may use the queue.
func (q *Queue) retire() {
	for q.freed != q.head {
		slot := q.at(q.freed)
		it := *slot
		*slot = item{}
		q.freed++
		it.release(q.sys)
	}
	if q.freed == q.tail && len(q.ring) > maxIdleItems {
		q.ring = nil // one long queue must not pin its ring for the life of the connection
	}
}
