// Package mailbox is the way into a loop from other goroutines: a queue with many writers and one
// reader that wakes the reader once for each batch.
package mailbox

import (
	"errors"
	"fmt"
	"sync"
)

var (
	// ErrClosed is returned by Put once the box is closed.
	ErrClosed = errors.New("mailbox: closed")
	// ErrFull is returned by Put while the box is at its limit.
	ErrFull = errors.New("mailbox: full")
)

// Item is one message: Value as given, and Data, the box's copy of the bytes given with it. Data is
// valid until the reader's next Take.
type Item[T any] struct {
	Value T
	Data  []byte
}

type entry[T any] struct {
	value    T
	from, to int // its bytes in the batch's arena
}

type batch[T any] struct {
	entries []entry[T]
	arena   []byte
}

// Box is the queue. Put and Close are for any goroutine, Take and Next for the one reader.
//
// Invariant: awake is true if and only if wake has been called since the reader's last Take;
// entries wait in fill only while awake is true.
//
// A mutex guards it: it is held for an append, writers hold it for a wake-up once a batch, and the
// reader takes it once a batch.
type Box[T any] struct {
	mu       sync.Mutex
	fill     batch[T] // guarded by mu
	awake    bool     // guarded by mu
	closed   bool     // guarded by mu
	maxItems int      // immutable
	maxBytes int      // immutable
	wake     func()   // immutable; called with mu held, so never after Close returned

	read batch[T] // reader only
	at   int      // reader only: the next entry of read
}

// New returns a box of at most maxItems waiting items with maxBytes bytes of data. wake is called
// once for each batch, with the box locked.
func New[T any](maxItems, maxBytes int, wake func()) *Box[T] {
	return &Box[T]{maxItems: maxItems, maxBytes: maxBytes, wake: wake}
}

// Put queues v with a copy of p. It returns ErrClosed or ErrFull, wrapped with the limit, and then
// has queued nothing. Any goroutine.
func (b *Box[T]) Put(v T, p []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	if len(b.fill.entries) >= b.maxItems {
		return fmt.Errorf("%w: %d items wait", ErrFull, b.maxItems)
	}
	if len(p) > b.maxBytes-len(b.fill.arena) {
		return fmt.Errorf("%w: %d bytes wait, %d more do not fit in %d", ErrFull, len(b.fill.arena), len(p), b.maxBytes)
	}
	b.append(v, p)
	return nil
}

// PutAlways queues v beyond the limits, for writers that bound themselves. It returns ErrClosed,
// and then has queued nothing. Any goroutine.
func (b *Box[T]) PutAlways(v T) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	b.append(v, nil)
	return nil
}

// append is called with mu held.
func (b *Box[T]) append(v T, p []byte) {
	from := len(b.fill.arena)
	b.fill.arena = append(b.fill.arena, p...)
	b.fill.entries = append(b.fill.entries, entry[T]{v, from, len(b.fill.arena)})
	if !b.awake {
		b.awake = true
		b.wake()
	}
}

// keepBytes and keepItems bound the memory that is kept for the next batch.
const (
	keepBytes = 1 << 20
	keepItems = 1 << 14
)

// Take fetches the waiting batch for Next and re-arms the wake-up. What Next has not handed out yet
// stays first. Reader only.
func (b *Box[T]) Take() {
	if b.at < len(b.read.entries) {
		return
	}
	clear(b.read.entries)
	if cap(b.read.entries) > keepItems {
		b.read.entries = nil
	}
	b.read.entries, b.at = b.read.entries[:0], 0
	if cap(b.read.arena) > keepBytes {
		b.read.arena = nil
	}
	b.read.arena = b.read.arena[:0]
	b.mu.Lock()
	b.fill, b.read = b.read, b.fill
	b.awake = false
	b.mu.Unlock()
}

// Next hands out the next item of the batch that Take fetched. Reader only.
func (b *Box[T]) Next() (item Item[T], ok bool) {
	if b.at == len(b.read.entries) {
		return item, false
	}
	e := b.read.entries[b.at]
	b.at++
	return Item[T]{e.value, b.read.arena[e.from:e.to:e.to]}, true
}

// Waiting reports whether there is an item that Next has not handed out. Reader only.
func (b *Box[T]) Waiting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at < len(b.read.entries) || len(b.fill.entries) > 0
}

// Close refuses all later Puts; what waits can still be taken. After Close has returned wake is not
// called again. Idempotent; any goroutine.
func (b *Box[T]) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
}

// check reports a broken invariant.
func (b *Box[T]) check() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.fill.entries) > 0 && !b.awake {
		return fmt.Errorf("mailbox: %d entries wait and nobody was woken", len(b.fill.entries))
	}
	if len(b.fill.arena) > b.maxBytes {
		return fmt.Errorf("mailbox: %d bytes wait, over the limit of %d", len(b.fill.arena), b.maxBytes)
	}
	return nil
}
