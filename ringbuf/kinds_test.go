package ringbuf

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

// kinds are the two sorts of ring. Where there are no mirrored ones New gives heap rings, and they are tested twice.
var kinds = []struct {
	name string
	make func(size int) (*Ring, error)
}{
	{"new", New},
	{"heap", NewHeap},
}

var page = os.Getpagesize()

func forKinds(t *testing.T, test func(t *testing.T, make func(size int) *Ring)) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			test(t, func(size int) *Ring {
				r, err := kind.make(size)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := r.Close(); err != nil {
						t.Error(err)
					}
				})
				return r
			})
		})
	}
}

// startAt makes pos the position of the next byte of an empty ring, as if pos bytes had gone through it.
func startAt(r *Ring, pos uint64) {
	r.Reset()
	r.head, r.tail, r.end = pos, pos, pos+r.size
	if !r.Mirrored() {
		r.origin = pos
	}
}

// stream is endless text in which every place differs from those one or two rings away: 251 divides no ring.
var stream = bytes.Repeat(func() []byte {
	p := make([]byte, 251)
	for i := range p {
		p[i] = byte(i)
	}
	return p
}(), 2+32*page/251)

// streamAt is n bytes of the stream from an offset.
func streamAt(off uint64, n int) []byte {
	off %= 251
	return stream[off : off+uint64(n)]
}

// modelRing is a ring and what it should hold. The model is a plain slice; the bytes are taken from the stream.
type modelRing struct {
	r       *Ring
	held    []byte
	written uint64
}

func (m *modelRing) commit(n int) {
	space := m.r.Space()
	copy(space, streamAt(m.written, len(space))) // all of it: what is not committed must not show
	m.take(n)
}

// take commits n bytes of the stream.
func (m *modelRing) take(n int) {
	m.r.Commit(n)
	m.held = append(m.held, streamAt(m.written, n)...)
	m.written += uint64(n)
}

func (m *modelRing) discard(n int) {
	m.r.Discard(n)
	m.held = m.held[:copy(m.held, m.held[n:])]
}

func (m *modelRing) reset() {
	m.r.Reset()
	m.held = m.held[:0]
}

// room is what the model could still take.
func (m *modelRing) room() int { return m.r.Cap() - len(m.held) }

func (m *modelRing) compare() error {
	if err := m.r.check(); err != nil {
		return err
	}
	if m.r.Len() != len(m.held) {
		return fmt.Errorf("Len %d, want %d", m.r.Len(), len(m.held))
	}
	window := m.r.Window()
	if !bytes.Equal(window, m.held) || cap(window) != len(window) {
		return fmt.Errorf("Window: length %d, capacity %d, want %d equal bytes", len(window), cap(window), len(m.held))
	}
	space := m.r.Space()
	if len(space) != m.room() || cap(space) != len(space) {
		return fmt.Errorf("Space: length %d, capacity %d, want %d", len(space), cap(space), m.room())
	}
	if err := m.r.check(); err != nil {
		return fmt.Errorf("after Space: %w", err)
	}
	if window = m.r.Window(); !bytes.Equal(window, m.held) {
		return fmt.Errorf("after Space the window of %d bytes differs", len(window))
	}
	return nil
}
