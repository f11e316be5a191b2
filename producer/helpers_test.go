package producer

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// step is one answer of a scripted producer.
type step struct {
	p   string
	err error
}

// script is a producer that gives its steps and then io.EOF. Its chunks share one buffer, which it spoils at each More,
// as the contract allows.
type script struct {
	steps  []step
	buf    []byte
	closed int
	wake   func()
	wakers int
}

func (s *script) More() ([]byte, error) {
	for i := range s.buf {
		s.buf[i] = '#'
	}
	if s.closed > 0 {
		panic("More after Close")
	}
	if len(s.steps) == 0 {
		return nil, io.EOF
	}
	st := s.steps[0]
	s.steps = s.steps[1:]
	s.buf = append(s.buf[:0], st.p...)
	return s.buf, st.err
}

func (s *script) Close() error { s.closed++; return nil }

func (s *script) OnReady(wake func()) { s.wake = wake; s.wakers++ }

// blockCounter is a source of blocks that knows how many are out.
type blockCounter struct {
	out  int
	free [][]byte
}

func (b *blockCounter) get(n int) []byte {
	b.out++
	if last := len(b.free) - 1; last >= 0 && cap(b.free[last]) >= n {
		p := b.free[last]
		b.free = b.free[:last]
		return p
	}
	return make([]byte, 0, n)
}

func (b *blockCounter) put(p []byte) {
	b.out--
	for i := range p[:cap(p)] {
		p[:cap(p)][i] = '!' // what is read after this was given back too early
	}
	b.free = append(b.free, p)
}

// mustBytes is Bytes for a chunk size that is right.
func mustBytes(t testing.TB, p string, chunk int) Producer {
	t.Helper()
	b, err := Bytes([]byte(p), chunk)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mustCheck fails the test if the invariant of c is broken.
func mustCheck(t testing.TB, c interface{ check() error }) {
	t.Helper()
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
}

// drain asks p until it ends, waiting while it is not ready, and returns all that came.
func drain(t testing.TB, p Producer) ([]byte, error) {
	t.Helper()
	woken := make(chan struct{}, 1)
	if w, ok := p.(Waker); ok {
		w.OnReady(func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
	}
	var all []byte
	for {
		chunk, err := p.More()
		all = append(all, chunk...)
		if c, ok := p.(interface{ check() error }); ok {
			mustCheck(t, c)
		}
		switch err {
		case nil:
		case io.EOF:
			return all, nil
		case ErrNotReady:
			wait(t, woken, "the wake of a producer that was not ready")
		default:
			return all, err
		}
	}
}

// wait waits for a signal that has to come.
func wait[T any](t testing.TB, c <-chan T, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Fatalf("waited in vain for %s", what)
	}
}

// noise returns n bytes that depend on seed.
func noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// tempFile returns an open file that holds p.
func tempFile(t testing.TB, p []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, p, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// closeProducer closes p if it can be closed.
func closeProducer(t testing.TB, p Producer) {
	t.Helper()
	if c, ok := p.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// mustEqual compares two streams.
func mustEqual(t testing.TB, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Fatalf("got %d bytes, want %d; they differ at %d: %.40q, want %.40q", len(got), len(want), at, got[at:], want[at:])
}
