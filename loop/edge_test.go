//go:build linux

package loop

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

type panickingPredicate struct {
	pipeDispatcher
	armed bool
}

func (p *panickingPredicate) Readable() bool {
	if p.armed {
		panic("predicate")
	}
	return true
}

// resetProducer is an upstream that is reset after a chunk.
type resetProducer struct{ n int }

func (p *resetProducer) More() ([]byte, error) {
	if p.n++; p.n == 1 {
		return []byte("half"), nil
	}
	return nil, os.NewSyscallError("read", unix.ECONNRESET)
}

type threeChunks struct{ n int }

func (p *threeChunks) More() ([]byte, error) {
	if p.n++; p.n > 3 {
		return nil, io.EOF
	}
	return []byte("chunk"), nil
}

// A panic in a predicate closes its channel as one in a callback does.
func TestPredicatePanics(t *testing.T) {
	l := newTestLoop(t, Options{})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	p := &panickingPredicate{}
	if _, err := l.Add(int(r.Fd()), p); err != nil {
		t.Fatal(err)
	}
	p.armed = true
	rounds(t, l, 2)
	if len(p.got) != 1 || l.Len() != 0 || l.Stats().Panics != 1 {
		t.Fatalf("told %q, %d channels, %d panics", p.got, l.Len(), l.Stats().Panics)
	}
}

// A producer that fails with ECONNRESET, an upstream that was reset, closes the connection: the
// peer of the socket is there still.
func TestResetOfAProducerCloses(t *testing.T) {
	l := newTestLoop(t, Options{})
	var cause error
	closed := false
	c, _ := pair(t, l, &hooks{closed: func(c *Conn, err error) { closed, cause = true, err }}, nil)
	if err := c.PushProducer(&resetProducer{}); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		l.Poll(2 * time.Millisecond)
	}
	if !closed {
		t.Fatalf("not closed; state %b broken %t", c.state, c.state&broken != 0)
	}
	if !errors.Is(cause, unix.ECONNRESET) {
		t.Fatal(cause)
	}
}

// More than the stage holds is kept too until a Dial is connected.
func TestDialFactoryPushesLarge(t *testing.T) {
	l := newTestLoop(t, Options{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	defer ln.Close()
	got := make(chan int, 1)
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		nc.SetReadDeadline(time.Now().Add(3 * time.Second))
		b, _ := io.ReadAll(nc)
		nc.Close()
		got <- len(b)
	}()
	var cause error
	closed := false
	var perr error
	l.Dial("tcp", ln.Addr().String(), func(c *Conn) Handler {
		perr = c.Push(make([]byte, 100<<10))
		return &hooks{opened: func(c *Conn) error { c.CloseWhenDone(); return nil }, closed: func(_ *Conn, err error) { closed, cause = true, err }}
	})
	poll(t, l, func() bool { return closed })
	ln.Close()
	select {
	case n := <-got:
		if n != 100<<10 {
			t.Fatalf("peer got %d; push said %v; cause %v", n, perr, cause)
		}
	case <-time.After(4 * time.Second):
		t.Fatalf("no connection; push said %v; cause %v", perr, cause)
	}
}

// CloseWrite in the factory of a Dial waits for the connection.
func TestDialFactoryCloseWrite(t *testing.T) {
	l := newTestLoop(t, Options{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	defer ln.Close()
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		io.ReadAll(nc)
		nc.Write([]byte("hi"))
		nc.Close()
	}()
	var cause error
	closed := false
	var got []byte
	l.Dial("tcp", ln.Addr().String(), func(c *Conn) Handler {
		c.CloseWrite()
		return &hooks{receive: func(_ *Conn, d []byte, _ bool) error { got = append(got, d...); return nil }, closed: func(_ *Conn, err error) { closed, cause = true, err }}
	})
	poll(t, l, func() bool { return closed })
	if string(got) != "hi" {
		t.Fatalf("got %q, cause %v", got, cause)
	}
}

// The time that this side has paused does not count for the element.
func TestPauseStopsTheElementTime(t *testing.T) {
	l := newTestLoop(t, Options{ElementTimeout: 50 * time.Millisecond})
	var cause error
	c, peer := pair(t, l, &hooks{closed: func(_ *Conn, e error) { cause = e }}, func(c *Conn) { c.SetTerminator(match.LF) })
	peer.Write([]byte("abc"))
	poll(t, l, func() bool { return c.in != nil })
	c.Pause()
	peer.Write([]byte("def\n"))
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		l.Poll(10 * time.Millisecond)
	}
	c.Resume()
	rounds(t, l, 3)
	if errors.Is(cause, ErrElementTimeout) {
		t.Fatalf("closed with %v for the time this side paused", cause)
	}
}

// A deadline further away than a time.Duration can say does not pass at once.
func TestFarDeadline(t *testing.T) {
	l := newTestLoop(t, Options{})
	var cause error
	closed := false
	c, _ := pair(t, l, &hooks{closed: func(_ *Conn, e error) { closed, cause = true, e }}, nil)
	c.SetDeadline(time.Now().AddDate(500, 0, 0))
	for range 10 {
		l.Poll(2 * time.Millisecond)
	}
	if closed {
		t.Fatalf("closed: %v", cause)
	}
}

// Nor does a timer for ever.
func TestAfterForEver(t *testing.T) {
	l := newTestLoop(t, Options{})
	fired := false
	l.After(math.MaxInt64, func() { fired = true })
	for range 10 {
		l.Poll(2 * time.Millisecond)
	}
	if fired {
		t.Fatal("fired")
	}
}

// Nor do the longest time-outs.
func TestTimeoutsForEver(t *testing.T) {
	for _, o := range []Options{{IdleTimeout: math.MaxInt64}, {ElementTimeout: math.MaxInt64}, {DrainTimeout: math.MaxInt64}} {
		l := newTestLoop(t, o)
		var cause error
		closed := false
		c, peer := pair(t, l, &hooks{closed: func(_ *Conn, e error) { closed, cause = true, e }}, func(c *Conn) { c.SetTerminator(match.LF) })
		peer.Write([]byte("abc"))
		for range 10 {
			l.Poll(2 * time.Millisecond)
		}
		if closed {
			t.Errorf("closed: %v", cause)
			continue
		}
		c.CloseWhenDone()
		for range 10 {
			l.Poll(2 * time.Millisecond)
		}
		if closed {
			t.Errorf("closed while draining: %v", cause)
		}
		c.CloseCause(nil)
	}
}

// The done of the second owned slice is called although that of the first panics, and nothing leaks.
func TestDonePanics(t *testing.T) {
	l := newTestLoop(t, Options{})
	closed := false
	c, _ := pair(t, l, &hooks{closed: func(*Conn, error) { closed = true }}, nil)
	second := 0
	c.PushOwned([]byte("a"), func([]byte) { panic("first") })
	c.PushOwned([]byte("b"), func([]byte) { second++ })
	c.Push([]byte("copied"))
	poll(t, l, func() bool { return closed })
	if second != 1 {
		t.Errorf("second done called %d times", second)
	}
	if b := l.Stats().BlockBytes; b != 0 {
		t.Errorf("%d bytes of blocks leak", b)
	}
}

// A done that closes the connection keeps what is queued behind from being written.
func TestCloseInDone(t *testing.T) {
	l := newTestLoop(t, Options{})
	closed := false
	c, peer := pair(t, l, &hooks{closed: func(*Conn, error) { closed = true }}, nil)
	c.PushOwned([]byte("first"), func([]byte) { c.Close() })
	c.PushProducer(&threeChunks{}) // a batch of its own
	c.PushOwned([]byte("late"), nil)
	poll(t, l, func() bool { return closed })
	b := make([]byte, 100)
	n, _ := peer.Read(b)
	if bytes.Contains(b[:n], []byte("late")) {
		t.Fatalf("written after Close: %q", b[:n])
	}
}
