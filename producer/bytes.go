package producer

import (
	"fmt"
	"io"
)

// chunked is asynchat's simple_producer.
//
// Invariant: chunk > 0, and p is what has not been handed out yet.
type chunked struct {
	p     []byte
	chunk int
}

// Bytes returns a producer of p in chunks of at most chunk bytes: asynchat's simple_producer. The chunks are slices of p,
// which is borrowed, and must not be changed, until the producer is exhausted or dropped. A Queue may write several
// chunks at once, as they stay valid. A chunk size of 0 or less is an error: asynchat would lose the data.
//
// The producer may be used by one goroutine at a time.
func Bytes(p []byte, chunk int) (Producer, error) {
	if chunk <= 0 {
		return nil, fmt.Errorf("producer: chunk size %d is not above 0", chunk)
	}
	return &chunked{p: p, chunk: chunk}, nil
}

// More implements Producer. The last chunk comes together with io.EOF.
func (c *chunked) More() ([]byte, error) {
	n := min(c.chunk, len(c.p))
	p := c.p[:n:n]
	c.p = c.p[n:]
	if len(c.p) == 0 {
		return p, io.EOF
	}
	return p, nil
}
