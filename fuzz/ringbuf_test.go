package fuzz

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/millrace-net/millrace/ringbuf"
)

// ringMaxGrow bounds the rings of FuzzRing, in bytes, so that one input stays fast.
const ringMaxGrow = 64 << 10

// FuzzRing reads its input as operations of three bytes, an opcode and a 16-bit argument, and runs them on a ring of
// each kind and on one that a pool may exchange, next to a plain slice of the bytes that the ring should hold.
func FuzzRing(f *testing.F) {
	for _, seed := range ringSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		ops = ops[:min(len(ops), 3*400)]
		for name, make := range map[string]func(int) (*ringbuf.Ring, error){
			"mirrored": ringbuf.New,
			"heap":     ringbuf.NewHeap,
		} {
			ring, err := make(1)
			if err != nil {
				t.Fatal(err)
			}
			s := &ringSubject{ring: ring}
			if err := errors.Join(s.run(ops), s.ring.Close()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		runPooled(t, ops)
	})
}

// runPooled runs the operations on a ring from a pool, and checks that the pool has everything back in the end.
func runPooled(t *testing.T, ops []byte) {
	pool := ringbuf.NewPool(ringbuf.PoolConfig{MaxIdleBytes: 96 << 10})
	ring, err := pool.Get(1)
	if err != nil {
		t.Fatal(err)
	}
	s := &ringSubject{ring: ring, pool: pool}
	if err := s.run(ops); err != nil {
		t.Fatalf("pooled: %v", err)
	}
	pool.Put(s.ring)
	if got := pool.Stats(); got.InUse != 0 || got.IdleBytes > 96<<10 {
		t.Fatalf("pooled: %+v", got)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
}

// ringSubject is a ring and the bytes that it should hold.
type ringSubject struct {
	ring *ringbuf.Ring
	pool *ringbuf.Pool // nil for a ring that does not grow
	held []byte
	next byte
}

func (s *ringSubject) run(ops []byte) error {
	for n := 0; len(ops) >= 3; n, ops = n+1, ops[3:] {
		arg := int(ops[1]) | int(ops[2])<<8
		if err := s.step(ops[0], arg); err != nil {
			return fmt.Errorf("operation %d, %d(%d): %w", n, ops[0]%8, arg, err)
		}
		if err := s.compare(); err != nil {
			return fmt.Errorf("after operation %d, %d(%d): %w", n, ops[0]%8, arg, err)
		}
	}
	return nil
}

func (s *ringSubject) step(op byte, arg int) error {
	switch op % 8 {
	case 0, 1: // most rings see more of these than of the rest
		s.write(s.ring.Space(), arg)
	case 2, 3:
		s.discard(arg)
	case 4: // Discard between Space and Commit
		space := s.ring.Space()
		s.discard(arg)
		s.write(space, arg)
	case 5:
		s.ring.Reset()
		s.held = s.held[:0]
	case 6:
		return s.exchange(1 + arg%ringMaxGrow)
	case 7:
		return s.refuse(1 + arg)
	}
	return nil
}

// write commits a part of the space and fills some more of it, so that bytes that were not committed would be seen.
func (s *ringSubject) write(space []byte, arg int) {
	n := arg % (len(space) + 1)
	for i := range min(n+100, len(space)) {
		space[i] = s.next + byte(i*13)
	}
	s.next += 101
	s.held = append(s.held, space[:n]...)
	s.ring.Commit(n)
}

func (s *ringSubject) discard(arg int) {
	n := arg % (len(s.held) + 1)
	s.held = s.held[:copy(s.held, s.held[n:])]
	s.ring.Discard(n)
}

// exchange grows the ring; one that is large enough already, and so stays the same, goes through the pool when empty.
func (s *ringSubject) exchange(size int) error {
	if s.pool == nil {
		return nil
	}
	if len(s.held) == 0 && size <= s.ring.Cap() {
		s.pool.Put(s.ring)
		ring, err := s.pool.Get(size)
		s.ring = ring
		return err
	}
	ring, err := s.pool.Grow(s.ring, size)
	if err != nil {
		return err
	}
	if ring.Cap() < size {
		return fmt.Errorf("grown to %d bytes, want %d", ring.Cap(), size)
	}
	s.ring = ring
	return nil
}

// refuse asks for more than there is: both calls have to panic and to change nothing.
func (s *ringSubject) refuse(beyond int) error {
	if !ringPanics(func() { s.ring.Commit(len(s.ring.Space()) + beyond) }) {
		return errors.New("Commit of more than the space does not panic")
	}
	if !ringPanics(func() { s.ring.Discard(len(s.held) + beyond) }) {
		return errors.New("Discard of more than the window does not panic")
	}
	return nil
}

func ringPanics(f func()) (panics bool) {
	defer func() { panics = recover() != nil }()
	f()
	return false
}

func (s *ringSubject) compare() error {
	r := s.ring
	if window := r.Window(); !bytes.Equal(window, s.held) || r.Len() != len(s.held) {
		return fmt.Errorf("window of %d bytes, Len %d, want %d equal bytes", len(window), r.Len(), len(s.held))
	}
	if space := r.Space(); len(space) != r.Cap()-len(s.held) {
		return fmt.Errorf("space of %d bytes, want %d", len(space), r.Cap()-len(s.held))
	}
	if !bytes.Equal(r.Window(), s.held) {
		return errors.New("Space changed the window")
	}
	return nil
}

// ringSeeds are the cases that the code treats on their own; the corpus in testdata has longer ones.
func ringSeeds() [][]byte {
	const all = 0xff // with a ring of 4,096 bytes, an argument of 0x1000 is everything
	return [][]byte{
		{},
		{0, 0, 16, 2, 0, 16}, // fill, empty
		{0, 0, 16, 2, 1, 0, 0, 1, 0, 2, 0, 16, 0, 0, 8}, // over the edge
		{0, 0, 8, 4, 0, 4, 4, 0, 4, 5, 0, 0, 0, 0, 16},  // Discard between Space and Commit, Reset
		{0, 0, 12, 6, 0, 64, 0, 0, 64, 6, 0, all},       // Grow twice
		{6, 0, 0, 0, 10, 0, 2, 10, 0, 6, 0, 1, 7, 0, 0}, // through the pool, refusals
	}
}
