package producer

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// defaultReadBytes is the buffer of a Reader whose size was not given: 64 KiB, the size from which larger reads no
// longer pay.
const defaultReadBytes = 64 << 10

// lenReader is what the readers in memory have in common.
type lenReader interface {
	io.Reader
	Len() int // bytes that are left
}

// Reader returns a producer of what r reads, in chunks of at most size bytes; a size of 0 or less means 64 KiB.
//
// A *bytes.Reader, *strings.Reader or *bytes.Buffer is read in place. Any other reader is read on a goroutine of its
// own, which starts at the first More and reads ahead by at most two buffers of size bytes, so a reader that blocks never
// blocks More: it answers ErrNotReady and wakes its queue later.
//
// The producer owns r. If r is an io.Closer it is closed exactly once, when it has ended or failed, or when the
// producer is closed. That Close runs on a goroutine of the producer, possibly shortly after the producer's own Close
// returned, and while a Read is blocked if need be: it is how a blocked Read gets unstuck. If r is no io.Closer, a
// blocked goroutine ends when its Read returns.
//
// Readers that misbehave end with an error and lose nothing that came before it: 100 times (0, nil) in a row is
// io.ErrNoProgress; a count out of range, or a panic, is ErrRead. Bytes that come together with io.EOF or an error are
// delivered first.
//
// The producer is a Waker and an io.Closer. More and Close may be called by one goroutine at a time; after Close, More
// returns os.ErrClosed.
func Reader(r io.Reader, size int) Producer {
	if size <= 0 {
		size = defaultReadBytes
	}
	switch r := r.(type) {
	case *bytes.Reader:
		return &inline{r: r, size: size}
	case *strings.Reader:
		return &inline{r: r, size: size}
	case *bytes.Buffer:
		return &inline{r: r, size: size}
	}
	return newReadAhead(r, size)
}

// inline reads a reader that cannot block.
//
// Invariant: buf is nil or at most size bytes; after Close r is nil.
type inline struct {
	r    lenReader
	size int
	buf  []byte
}

// More implements Producer.
func (in *inline) More() (p []byte, err error) {
	if in.r == nil {
		return nil, os.ErrClosed
	}
	defer func() { // a nil *bytes.Buffer panics
		if v := recover(); v != nil {
			p, err = nil, fmt.Errorf("%w: panic: %v", ErrRead, v)
		}
	}()
	left := in.r.Len()
	if left == 0 {
		return nil, io.EOF
	}
	if in.buf == nil {
		in.buf = make([]byte, min(in.size, left))
	}
	n, err := readSome(in.r, in.buf)
	if err == nil && in.r.Len() == 0 {
		err = io.EOF
	}
	return in.buf[:n], err
}

// Close implements io.Closer. The three readers in memory have nothing to close.
func (in *inline) Close() error {
	in.r, in.buf = nil, nil
	return nil
}

// readSome reads into p, which is not empty, until there is something to tell: n > 0 or an error. It checks r's count.
func readSome(r io.Reader, p []byte) (n int, err error) {
	for range maxEmptyChunks {
		n, err = r.Read(p)
		if n < 0 || n > len(p) {
			return 0, fmt.Errorf("%w: Read gave %d for a buffer of %d bytes", ErrRead, n, len(p))
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}
