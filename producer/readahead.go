package producer

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// readAheadBuffers bounds how far a Reader's goroutine runs ahead.
const readAheadBuffers = 2

// chunk is what one Read gave: bytes, an error, or both.
type chunk struct {
	p   []byte
	err error
}

// readAhead reads a reader that may block, on a goroutine of its own.
//
// Invariant: of readAheadBuffers buffers each is in exactly one place: free, being read into, full, or in the hands of
// More's caller. So a send to free or full never blocks.
//
// Who may touch what: r and size are immutable; wake, waiting, reading and the channels are for both goroutines;
// the rest is More's caller's alone.
type readAhead struct {
	r    io.Reader
	size int // bytes in a buffer

	free chan []byte   // nil stands for a buffer that was not needed yet
	full chan chunk    // what was read, in order
	stop chan struct{} // closed by Close

	wake    atomic.Pointer[func()]
	waiting atomic.Bool // More said ErrNotReady and was not woken since
	reading atomic.Bool // the goroutine is inside Read, or about to be
	closeR  sync.Once

	held    []byte // the chunk that More's caller has
	ended   error  // the reader's last word
	started bool
	closed  bool
}

func newReadAhead(r io.Reader, size int) *readAhead {
	a := &readAhead{
		r:    r,
		size: size,
		free: make(chan []byte, readAheadBuffers),
		full: make(chan chunk, readAheadBuffers),
		stop: make(chan struct{}),
	}
	for range readAheadBuffers {
		a.free <- nil
	}
	return a
}

// OnReady implements Waker.
func (a *readAhead) OnReady(wake func()) { a.wake.Store(&wake) }

// More implements Producer.
func (a *readAhead) More() ([]byte, error) {
	if a.closed {
		return nil, os.ErrClosed
	}
	if a.held != nil {
		a.free <- a.held[:0]
		a.held = nil
	}
	if a.ended != nil {
		return nil, a.ended
	}
	if !a.started {
		a.started = true
		go a.run()
	}
	c, ok := a.next()
	if !ok {
		return nil, ErrNotReady
	}
	a.held, a.ended = c.p, c.err
	if len(c.p) == 0 || c.err == io.EOF {
		return c.p, c.err
	}
	return c.p, nil // another error is for the next call
}

// next takes the next chunk without waiting. It looks again after it raised the flag: a chunk that came in between
// found no flag to lower, so nobody would be woken for it.
func (a *readAhead) next() (chunk, bool) {
	select {
	case c := <-a.full:
		return c, true
	default:
	}
	a.waiting.Store(true)
	select {
	case c := <-a.full:
		a.waiting.Store(false)
		return c, true
	default:
		return chunk{}, false
	}
}

// Close implements io.Closer: it stops the goroutine, which may be blocked in Read, and has r closed.
func (a *readAhead) Close() error {
	if a.closed {
		return nil
	}
	a.closed = true
	a.held = nil
	a.waiting.Store(false)
	close(a.stop)
	// Either this sees the goroutine inside Read, or the goroutine sees stop before it reads again. A Close that takes
	// long must not hold up the queue's goroutine, hence the go.
	if !a.started || a.reading.Load() {
		go a.closeReader()
	}
	return nil
}

// run is the goroutine. It ends at the reader's first error, or when the producer is closed.
func (a *readAhead) run() {
	last := chunk{err: fmt.Errorf("%w: Read ended its goroutine", ErrRead)}
	defer func() {
		if v := recover(); v != nil {
			last.err = fmt.Errorf("%w: panic: %v", ErrRead, v)
		}
		a.reading.Store(false)
		a.deliver(last)
		a.closeReader()
	}()
	for {
		c := a.read()
		if c.err != nil {
			last = c
			return
		}
		a.deliver(c)
	}
}

// read waits for a free buffer and reads into it.
func (a *readAhead) read() chunk {
	var buf []byte
	select {
	case buf = <-a.free:
	case <-a.stop:
		return chunk{err: os.ErrClosed}
	}
	if buf == nil {
		buf = make([]byte, a.size)
	}
	a.reading.Store(true)
	select {
	case <-a.stop:
		return chunk{err: os.ErrClosed}
	default:
	}
	n, err := readSome(a.r, buf[:a.size])
	a.reading.Store(false)
	return chunk{buf[:n], err}
}

// deliver hands c to More and wakes the queue if it waits. After Close there may be no room left, and no one to read it.
func (a *readAhead) deliver(c chunk) {
	select {
	case a.full <- c:
	case <-a.stop:
		return
	}
	if a.waiting.Swap(false) {
		if wake := a.wake.Load(); wake != nil {
			(*wake)()
		}
	}
}

// closeReader closes r if it can be closed and was not yet. A panic there has no one to report to, and must not take
// the process along.
func (a *readAhead) closeReader() {
	a.closeR.Do(func() {
		defer func() { _ = recover() }()
		if c, ok := a.r.(io.Closer); ok {
			_ = c.Close()
		}
	})
}
