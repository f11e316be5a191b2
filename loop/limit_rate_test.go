//go:build linux

package loop

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/wheel"
	"github.com/millrace-net/millrace/match"
)

// slowly are the options of the tests of MinRate: 100 bytes in 10 s, and no other limit that comes first.
func slowly() Options {
	return Options{MinRate: 10, RatePeriod: 10 * time.Second, ElementTimeout: -1, IdleTimeout: -1}
}

func countOf(t testing.TB, n int64) match.Terminator {
	t.Helper()
	term, err := match.Count(n)
	if err != nil {
		t.Fatal(err)
	}
	return term
}

// ratedPair is a connection of which the cause of its end is kept.
func ratedPair(t testing.TB, l *Loop, term match.Terminator, d Delivery) (c *Conn, peer *os.File, cause *error) {
	t.Helper()
	cause = new(error)
	h := &hooks{closed: func(c *Conn, err error) { *cause = err }}
	c, peer = pair(t, l, h, func(c *Conn) { c.SetTerminator(term); c.SetDelivery(d) })
	return c, peer, cause
}

// An element that comes too slowly closes its connection when the period is over, however it is delivered, and not before;
// one that comes fast enough does not, however long it takes.
func TestMinRate(t *testing.T) {
	discard := slowly()
	discard.MaxElement, discard.Oversize = 4, DiscardOversize
	for _, tc := range []struct {
		name  string
		o     Options
		term  match.Terminator
		d     Delivery
		begin string // of the element
	}{
		{"whole", slowly(), match.LF, Whole, ""},
		{"pieces", slowly(), match.LF, Pieces, ""},
		{"a count in pieces", slowly(), countOf(t, 1<<40), Pieces, ""},
		{"held back in pieces", slowly(), match.CRLF, Pieces, "\r"},
		{"after a whole one", slowly(), match.LF, Whole, "whole\n"},
		{"discarded", discard, match.LF, Whole, "too long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, rate := range []int{1, 9, 10, 30} {
				l, k := newClockLoop(t, tc.o)
				_, peer, cause := ratedPair(t, l, tc.term, tc.d)
				k.pass(t, time.Minute) // between elements
				if *cause != nil {
					t.Fatalf("idle: %v", *cause)
				}
				feed(t, l, peer, tc.begin)
				sendAtRate(t, k, peer, cause, rate)
			}
		})
	}
}

// sendAtRate begins an element, sends so many bytes of it in each second of a period, and none in the next period.
func sendAtRate(t *testing.T, k *clock, peer *os.File, cause *error, rate int) {
	t.Helper()
	feed(t, k.l, peer, "x")
	for second := 1; second < 10; second++ {
		k.pass(t, time.Second)
		if *cause != nil {
			t.Fatalf("%d bytes a second: %v after %d s", rate, *cause, second)
		}
		feed(t, k.l, peer, strings.Repeat("x", rate))
	}
	feed(t, k.l, peer, strings.Repeat("x", rate/10*10))
	k.pass(t, time.Second)
	if tooSlow := rate < 10; errors.Is(*cause, ErrTooSlow) != tooSlow {
		t.Fatalf("%d bytes a second: %v after 10 s", rate, *cause)
	}
	if *cause != nil {
		return
	}
	k.pass(t, 9*time.Second)
	if *cause != nil {
		t.Fatalf("before the end of a second period: %v", *cause)
	}
	k.pass(t, time.Second)
	if !errors.Is(*cause, ErrTooSlow) {
		t.Fatalf("after a second period without a byte: %v", *cause)
	}
}

// Each element has its own period, and what ends it ends that.
func TestMinRateElements(t *testing.T) {
	l, k := newClockLoop(t, slowly())
	for name, d := range map[string]Delivery{"whole": Whole, "pieces": Pieces} {
		c, peer, cause := ratedPair(t, l, match.LF, d)
		for range 10 {
			feed(t, l, peer, "\nx")
			k.pass(t, 9*time.Second)
		}
		feed(t, l, peer, "\n")
		k.pass(t, time.Minute)
		if *cause != nil {
			t.Fatalf("%s: %v", name, *cause)
		}
		feed(t, l, peer, "x")
		k.pass(t, 9*time.Second)
		c.Post(func(c *Conn) { c.Discard() })
		k.pass(t, time.Minute)
		if *cause != nil {
			t.Fatalf("%s, discarded: %v", name, *cause)
		}
		feed(t, l, peer, "x")
		c.Post(func(c *Conn) { c.SetDelivery(Pieces); c.SetTerminator(match.None) })
		k.pass(t, time.Minute)
		if *cause != nil {
			t.Fatalf("%s, no terminator: %v", name, *cause)
		}
	}
}

// While it is not read a connection cannot be too slow, and after that it has a whole period.
func TestMinRateNotRead(t *testing.T) {
	o := slowly()
	o.HighWater, o.LowWater = 1<<10, 1
	for name, stop := range map[string]func(c *Conn) func(){
		"paused":    func(c *Conn) func() { c.Pause(); return c.Resume },
		"suspended": func(c *Conn) func() { resume := c.Suspend(); return func() { _ = resume(nil) } },
		"above HighWater": func(c *Conn) func() {
			c.PushOwned(make([]byte, 1<<20), nil) // more than the socket takes
			return func() { c.out.queue.Discard(); c.loop.schedule(c) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, k := newClockLoop(t, o)
			c, peer, cause := ratedPair(t, l, match.LF, Whole)
			feed(t, l, peer, "x")
			k.pass(t, 9*time.Second)
			var resume func()
			c.Post(func(c *Conn) { resume = stop(c) })
			rounds(t, l, 3)
			if c.state&(paused|above) == 0 {
				t.Fatal("it is read")
			}
			k.pass(t, time.Minute)
			if *cause != nil {
				t.Fatal(*cause)
			}
			c.Post(func(*Conn) { resume() })
			rounds(t, l, 3)
			k.pass(t, 9*time.Second)
			if *cause != nil || c.state&(paused|above) != 0 {
				t.Fatalf("after 9 s of a new period: %v", *cause)
			}
			k.pass(t, time.Second)
			if !errors.Is(*cause, ErrTooSlow) {
				t.Fatalf("after 10 s: %v", *cause)
			}
		})
	}
}

// An element that was received behind another while the connection was paused has its period from Resume on, though nothing
// more is read of it.
func TestMinRateOfWhatWasHeld(t *testing.T) {
	l, k := newClockLoop(t, slowly())
	c, peer, cause := ratedPair(t, l, match.LF, Whole)
	h := c.Handler().(*hooks)
	h.receive = func(c *Conn, data []byte, found bool) error { c.Pause(); return nil }
	feed(t, l, peer, "whole\nwhole\npart")
	k.pass(t, time.Minute)
	for range 2 {
		c.Post(func(c *Conn) { c.Resume() })
		rounds(t, l, 3)
	}
	c.Post(func(c *Conn) { c.Resume() })
	k.pass(t, 9*time.Second)
	if *cause != nil {
		t.Fatal(*cause)
	}
	k.pass(t, 2*time.Second)
	if !errors.Is(*cause, ErrTooSlow) {
		t.Fatal(*cause)
	}
}

// What is read behind a long element, in a ring of the connection's own, counts too.
func TestMinRateInARing(t *testing.T) {
	o := slowly()
	o.RingBytes = 4 << 10
	l, k := newClockLoop(t, o)
	c, peer, cause := ratedPair(t, l, match.LF, Whole)
	feed(t, l, peer, strings.Repeat("x", 3000))
	if c.in == nil || c.in.ring == nil {
		t.Fatal("it is not in a ring")
	}
	for range 35 {
		k.pass(t, time.Second)
		feed(t, l, peer, strings.Repeat("x", 10))
	}
	if *cause != nil {
		t.Fatal(*cause)
	}
	k.pass(t, 20*time.Second)
	if !errors.Is(*cause, ErrTooSlow) {
		t.Fatal(*cause)
	}
}

// SetMinRate sets, changes and takes away the rate of one connection, amid an element too.
func TestSetMinRate(t *testing.T) {
	o := slowly()
	o.MinRate = 0
	l, k := newClockLoop(t, o)
	c, peer, cause := ratedPair(t, l, match.LF, Pieces)
	feed(t, l, peer, "x")
	k.pass(t, time.Minute)
	c.SetMinRate(1)
	for range 30 {
		feed(t, l, peer, "x")
		k.pass(t, time.Second)
	}
	c.SetMinRate(2)
	k.pass(t, 9*time.Second)
	c.SetMinRate(0)
	k.pass(t, time.Minute)
	if *cause != nil {
		t.Fatal(*cause)
	}
	c.SetMinRate(2)
	k.pass(t, 9*time.Second)
	feed(t, l, peer, strings.Repeat("x", 19))
	k.pass(t, time.Second)
	if !errors.Is(*cause, ErrTooSlow) {
		t.Fatal(*cause)
	}
}

// Measuring allocates once in the life of a connection.
func TestMinRateAllocates(t *testing.T) {
	l, k := newClockLoop(t, slowly())
	_, peer, cause := ratedPair(t, l, match.LF, Pieces)
	part, end := []byte(strings.Repeat("x", 200)), []byte("\n")
	step := func() {
		for _, p := range [][]byte{part, part, end} {
			if _, err := unix.Write(int(peer.Fd()), p); err != nil {
				t.Fatal(err)
			}
			if err := l.Poll(0); err != nil {
				t.Fatal(err)
			}
			k.ns += int64(6 * time.Second)
		}
	}
	step()
	if n := testing.AllocsPerRun(100, step); n != 0 || *cause != nil {
		t.Fatalf("%v allocations, %v", n, *cause)
	}
}

// slowClients are connections of one loop, and the other ends of them.
type slowClients struct {
	conns []*Conn
	peers []int
	when  []int64 // of each connection's timer, as it was last seen
	moves int     // how often one of them had changed
	fires int
	slow  int // how many were put out
}

func newSlowClients(t *testing.T, l *Loop, n int) *slowClients {
	t.Helper()
	s := &slowClients{when: make([]int64, n)}
	t.Cleanup(func() {
		for _, fd := range s.peers {
			unix.Close(fd)
		}
	})
	h := &hooks{closed: func(c *Conn, err error) {
		if errors.Is(err, ErrTooSlow) {
			s.slow++
		}
	}}
	for i := range n {
		fds, err := unixPair(0)
		if err != nil {
			t.Fatal(err)
		}
		s.peers = append(s.peers, fds[1])
		if err := l.Adopt(fds[0], func(c *Conn) Handler {
			s.conns = append(s.conns, c)
			c.timer.Expired = func(at *wheel.Timer) { s.fires++; connExpired(at) }
			c.SetTerminator(match.LF)
			c.SetDelivery([]Delivery{Whole, Pieces}[i%2])
			return h
		}); err != nil {
			t.Fatal(err)
		}
	}
	poll(t, l, func() bool { return len(s.conns) == n })
	return s
}

// send has each client send a byte, and counts the timers that this moves.
func (s *slowClients) send(t *testing.T, l *Loop) {
	t.Helper()
	want := l.stats.BytesIn + uint64(len(s.peers))
	for _, fd := range s.peers {
		if _, err := unix.Write(fd, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	poll(t, l, func() bool { return l.stats.BytesIn == want })
	for i, c := range s.conns {
		if w := c.timer.When(); w != s.when[i] {
			s.when[i] = w
			s.moves++
		}
	}
}

// Scenario 26: 5,000 clients send a byte a second and never end an element. All are put out when their period is over,
// and not before; the timer of each is moved when its element begins, and fires once.
func TestScenario26FiveThousandSlowClients(t *testing.T) {
	const clients = 5000
	l, k := newClockLoop(t, slowly())
	s := newSlowClients(t, l, clients)
	for second := range 10 {
		if s.slow != 0 {
			t.Fatalf("%d were put out after %d s", s.slow, second)
		}
		s.send(t, l)
		k.ns += int64(time.Second)
	}
	rounds(t, l, 3)
	if s.slow != clients || s.fires != clients || s.moves != clients {
		t.Fatalf("after 10 s %d of %d are put out, timers fired %d times and were moved %d times",
			s.slow, clients, s.fires, s.moves)
	}
}

// Scenario 26: the time for an element is that from its first byte to its end. A byte each second does not renew it, whether
// the element is kept in a block or in a ring; the end of an element does.
func TestScenario26ByteByByte(t *testing.T) {
	for name, begun := range map[string]string{"in a block": "begun anew", "in a ring": strings.Repeat("begun anew", 10_000)} {
		t.Run(name, func(t *testing.T) {
			l, k := newClockLoop(t, Options{ElementTimeout: 10 * time.Second, IdleTimeout: -1, MaxElement: 1 << 20})
			c, peer, cause := ratedPair(t, l, match.LF, Whole)
			for _, text := range []string{"begun", " and", " ended\n" + begun} {
				k.pass(t, 4*time.Second)
				feed(t, l, peer, text)
			}
			if c.in == nil || (c.in.ring != nil) != (name == "in a ring") {
				t.Fatalf("it is kept in %+v", c.in)
			}
			for second := range 10 {
				if *cause != nil {
					t.Fatalf("%v, after %d s", *cause, second)
				}
				feed(t, l, peer, ".")
				k.pass(t, time.Second)
			}
			if !errors.Is(*cause, ErrElementTimeout) {
				t.Fatalf("after 10 s: %v", *cause)
			}
		})
	}
}

// Scenario 26: a peer that says nothing more, as one whose machine has gone, is put out after the idle time, which each byte
// renews.
func TestScenario26Silent(t *testing.T) {
	l, k := newClockLoop(t, Options{IdleTimeout: 10 * time.Second})
	_, peer, cause := ratedPair(t, l, match.LF, Whole)
	k.pass(t, 9*time.Second)
	feed(t, l, peer, "alive\n")
	k.pass(t, 9*time.Second)
	if *cause != nil {
		t.Fatal(*cause)
	}
	if k.pass(t, time.Second); !errors.Is(*cause, ErrIdle) {
		t.Fatalf("after 10 s: %v", *cause)
	}
}
