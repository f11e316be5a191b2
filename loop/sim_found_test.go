//go:build linux

package loop

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/loop/internal/sim"
	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/producer"
)

// What the simulation has found, each with a test of its own.

// found is a loop on a made-up kernel, with one peer that says something and ends its side.
func found(t *testing.T, o Options, says string, h Handler, setup func(c *Conn)) (*Loop, *sim.Kernel, *sim.Socket) {
	t.Helper()
	k := sim.New(sim.Config{Seed: 1, MaxFDs: 100, SendBytes: [2]int{4096, 4096}, RecvBytes: [2]int{4096, 4096},
		DelayNs: [2]int64{1e6, 1e6}})
	o.calls = k.System()
	l := newTestLoop(t, o)
	if _, err := l.Listen("tcp", "10.0.0.1:7000", func(c *Conn) Handler {
		setup(c)
		return h
	}); err != nil {
		t.Fatal(err)
	}
	foundUntil(t, l, func() bool { return l.Len() == 1 })
	s := k.Dial(7000, nil)
	s.Notify = func() {
		if says != "" {
			_, _ = s.Send([]byte(says))
			says = ""
			s.CloseWrite()
		}
	}
	t.Cleanup(func() {
		if err := k.Err(); err != nil {
			t.Error(err)
		}
	})
	return l, k, s
}

// foundUntil turns the loop, whose clock goes on only where it waits, until done.
func foundUntil(t *testing.T, l *Loop, done func() bool) {
	t.Helper()
	for turns := 0; turns == 0 || !done(); turns++ {
		if err := errors.Join(l.Poll(time.Second), l.check()); err != nil || turns == 1000 {
			t.Fatalf("after %d turns: %v", turns, err)
		}
	}
}

// A budget that is spent with the last byte of the queue leaves nothing to wait for. The connection waited for EPOLLOUT
// then, and when both sides had ended, epoll's hang-up was taken for a broken pipe, before the peer's acknowledgement had come.
func TestBudgetSpentWithTheLastByte(t *testing.T) {
	closed, cause := false, error(nil)
	h := &halfCloser{hooks{closed: func(_ *Conn, err error) { closed, cause = true, err }}}
	h.readClosed = func(c *Conn) error {
		defer c.CloseWhenDone()
		return c.PushOwned(make([]byte, 100), nil)
	}
	l, _, _ := found(t, Options{WriteBudget: 1}, "line\r\n", h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	foundUntil(t, l, func() bool { return closed })
	if cause != nil {
		t.Errorf("Closed got %v", cause)
	}
}

// The beginning of a terminator with which a stream has ended is delivered with the rest, once. A terminator that was set
// behind the end brought it back.
func TestTerminatorSetBehindTheEnd(t *testing.T) {
	var got []string
	ended := false
	h := &halfCloser{hooks{receive: func(c *Conn, data []byte, found bool) error {
		got = append(got, string(data))
		return nil
	}}}
	h.readClosed = func(c *Conn) error {
		ended = true
		c.SetTerminator(match.MustLiteral("\r"))
		return nil
	}
	var conn *Conn
	l, _, _ := found(t, Options{}, "rest\r", h, func(c *Conn) {
		conn = c
		c.SetTerminator(match.CRLF)
	})
	foundUntil(t, l, func() bool { return ended })
	foundUntil(t, l, func() bool { return conn.state&scheduled == 0 })
	if len(got) != 1 || got[0] != "rest\r" {
		t.Errorf("delivered %q", got)
	}
}

// A connection whose peer has ended amid an element is between elements for good: a loop that quits need not wait for it.
func TestQuitBehindTheEnd(t *testing.T) {
	for _, d := range []Delivery{Whole, Pieces} {
		ended := false
		h := &halfCloser{}
		h.readClosed = func(c *Conn) error {
			ended = true
			return nil
		}
		l, _, _ := found(t, Options{IdleTimeout: -1}, "rest", h, func(c *Conn) {
			c.SetTerminator(match.CRLF)
			c.SetDelivery(d)
		})
		foundUntil(t, l, func() bool { return ended })
		l.beginQuit(0)
		foundUntil(t, l, func() bool { return l.Stats().Closed == 1 })
	}
}

// A peer that takes a little in each DrainTimeout makes progress, also after what was written meanwhile has filled the socket
// again: the new bytes were compared with what had been unacknowledged before them.
func TestDrainBehindAWrite(t *testing.T) {
	closed, cause, got := false, error(nil), 0
	h := &hooks{
		opened: func(c *Conn) error {
			defer c.CloseWhenDone()
			return c.PushOwned(make([]byte, 20_000), nil)
		},
		closed: func(_ *Conn, err error) { closed, cause = true, err },
	}
	l, k, s := found(t, Options{DrainTimeout: 500 * time.Millisecond}, "x", h, func(*Conn) {})
	var read func()
	read = func() {
		n, _ := s.Recv(make([]byte, 100))
		got += n
		k.After(1e8, read)
	}
	k.After(1e8, read)
	foundUntil(t, l, func() bool { return closed })
	if cause != nil {
		t.Errorf("Closed got %v, when the peer had %d bytes", cause, got)
	}
}

// What a closing connection drops is counted by what the peer sends, and not with the beginning of a terminator that was
// held back when it began to close.
func TestDrainBehindACarry(t *testing.T) {
	closed, cause := false, error(nil)
	h := &hooks{
		receive: func(c *Conn, _ []byte, _ bool) error {
			c.CloseWhenDone()
			return nil
		},
		closed: func(_ *Conn, err error) { closed, cause = true, err },
	}
	long := match.MustLiteral(strings.Repeat("a", 50) + "b")
	l, k, s := found(t, Options{DrainBytes: 100}, "", h, func(c *Conn) {
		c.SetTerminator(long)
		c.SetDelivery(Pieces)
	})
	s.Notify = nil
	k.After(1e7, func() { _, _ = s.Send([]byte("x" + strings.Repeat("a", 50))) })
	for i := range int64(10) {
		k.After((i+2)*1e7, func() { _, _ = s.Send([]byte("y")) })
	}
	k.After(2e8, func() { s.CloseWrite() })
	foundUntil(t, l, func() bool { return closed })
	if cause != nil {
		t.Errorf("Closed got %v", cause)
	}
}

// A Count that is too long is dropped by none of its bytes if Oversize sets another terminator, None among them, whether all
// of the Count has come or not.
func TestOversizeCountBecomesNone(t *testing.T) {
	for _, says := range []string{"12345678", "123456789", "123456789abc"} {
		h := &oversizeToNone{}
		l, _, _ := found(t, Options{MaxElement: 5, Oversize: DiscardOversize}, says, h, func(c *Conn) {
			nine, _ := match.Count(9)
			c.SetTerminator(nine)
		})
		foundUntil(t, l, func() bool { return h.closed })
		if h.got != says || h.times != 1 {
			t.Errorf("of %q %q was delivered, and Oversize called %d times", says, h.got, h.times)
		}
	}
}

// oversizeToNone takes what is too long as it comes.
type oversizeToNone struct {
	got    string
	times  int
	closed bool
}

func (h *oversizeToNone) Receive(_ *Conn, data []byte, _ bool) error {
	h.got += string(data)
	return nil
}

func (h *oversizeToNone) Oversize(c *Conn) error {
	h.times++
	c.SetTerminator(match.None)
	return nil
}

func (h *oversizeToNone) Closed(*Conn, error) { h.closed = true }

// A connection that has ended its side may be paused by another one's callback when epoll has reported already that the peer
// has ended too. That is a hang-up, and no broken pipe.
func TestPausedBeforeItsHangUp(t *testing.T) {
	l := newTestLoop(t, Options{})
	var conns [2]*Conn
	var peers [2]*os.File
	paused, causes := false, []error(nil)
	for i := range conns {
		conns[i], peers[i] = pair(t, l, &hooks{
			receive: func(*Conn, []byte, bool) error {
				if !paused {
					paused = true
					conns[1-i].Pause()
				}
				return nil
			},
			closed: func(_ *Conn, cause error) { causes = append(causes, cause) },
		}, func(c *Conn) { c.CloseWrite() })
	}
	rounds(t, l, 1)
	for _, p := range peers {
		if _, err := p.WriteString("x"); err != nil {
			t.Fatal(err)
		}
		if err := shutdownWrite(int(p.Fd())); err != nil {
			t.Fatal(err)
		}
	}
	poll(t, l, func() bool { return paused })
	conns[0].Resume()
	conns[1].Resume()
	poll(t, l, func() bool { return len(causes) == 2 })
	if causes[0] != io.EOF || causes[1] != io.EOF {
		t.Errorf("Closed got %v", causes)
	}
}

// A push that is refused may have written what waited before, and filled the socket with it: then EPOLLOUT has to be asked for,
// whoever pushed.
func TestRefusedPushFillsTheSocket(t *testing.T) {
	var conn *Conn
	p := &sleepy{rest: make([]byte, 10_000)}
	h := &hooks{opened: func(c *Conn) error {
		conn = c
		return c.PushProducer(p)
	}}
	l, k, s := found(t, Options{HighWater: 20_000, MaxOutput: 20_000, Overflow: RefuseOverflow}, "", h, func(*Conn) {})
	foundUntil(t, l, func() bool { return p.asked })
	refused := error(nil)
	if err := l.Post(func() { refused = conn.Push(make([]byte, 30_000)) }); err != nil {
		t.Fatal(err)
	}
	foundUntil(t, l, func() bool { return refused != nil })
	got := 0
	s.Notify = func() {
		k.After(1e6, func() {
			n, _ := s.Recv(make([]byte, 10_000))
			got += n
		})
	}
	s.Notify()
	foundUntil(t, l, func() bool { return got == 10_000 })
	if !errors.Is(refused, ErrOutputFull) {
		t.Error(refused)
	}
}

// sleepy is a producer that is not ready at first, and wakes nobody.
type sleepy struct {
	rest  []byte
	asked bool
}

func (p *sleepy) OnReady(func()) {}

func (p *sleepy) More() ([]byte, error) {
	if !p.asked {
		p.asked = true
		return nil, producer.ErrNotReady
	}
	return p.rest, io.EOF
}
