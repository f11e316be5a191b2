//go:build linux

package resp

import "io"

// listing is a producer.Producer of an array of bulk strings.
//
// Invariant: what More has given is the array's head, once begun, and the bulk strings of all keys before keys[0].
type listing struct {
	keys  []string // still to come
	begun bool
	chunk reply
	done  func() // called once the last byte has left, or the listing was dropped
}

// More returns the next chunk, of little more than replyMax bytes unless one key is longer; it is valid until the next call.
func (p *listing) More() ([]byte, error) {
	p.chunk.buf = p.chunk.buf[:0]
	if !p.begun {
		p.begun = true
		p.chunk.array(len(p.keys))
	}
	for len(p.keys) > 0 && len(p.chunk.buf) < replyMax {
		p.chunk.text(p.keys[0])
		p.keys = p.keys[1:]
	}
	if len(p.keys) == 0 {
		return p.chunk.buf, io.EOF
	}
	return p.chunk.buf, nil
}

// Close is called by the queue that the listing was pushed to.
func (p *listing) Close() error {
	p.done()
	return nil
}
