//go:build linux

package loop

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/match"
)

// callbacks are all the places at which the library calls a user of a connection, in the order in which omnipresent
// comes by. Of the last four each ends the connection.
var callbacks = []string{"factory", "opened", "receive", "more", "done", "drained", "post", "reply", "timer", "urgent",
	"oversize", "readClosed", "quit", "detach", "closed"}

// omnipresent is a handler with every callback, each of which acts.
//
// Invariant: depth is 1 in a callback, else 0; Opened came at most once, before all others but the factory; after
// Closed nothing comes.
type omnipresent struct {
	t       *testing.T
	loop    *Loop
	target  string // where it acts
	breaks  string // where it panics besides, if somewhere
	act     func(c *Conn)
	conn    *Conn
	client  *net.TCPConn
	raw     syscall.RawConn // the client's
	space   [64 << 10]byte
	ran     map[string]int
	depth   int
	cause   error
	stopped bool // the loop has closed
	failed  []any
}

// in is called by each callback.
func (e *omnipresent) in(where string, c *Conn) {
	if e.depth++; e.depth > 1 && where != "done" && where != "more" { // these two may, by their docs
		e.t.Errorf("%s runs inside another callback", where)
	}
	defer func() { e.depth-- }()
	if e.ran["closed"] > 0 && where != "timer" { // which is the loop's
		e.t.Errorf("%s comes after Closed", where)
	}
	if e.ran[where]++; e.ran[where] > 1 && (where == "opened" || where == "closed") {
		e.t.Errorf("%s comes twice", where)
	}
	if where == e.target && e.ran[where] == 1 {
		e.act(c)
	}
	if where == e.breaks {
		panic("broken")
	}
}

// much is more than two sockets take by themselves.
var much = make([]byte, 5<<20)

func (e *omnipresent) Opened(c *Conn) error { e.in("opened", c); return nil }

func (e *omnipresent) Receive(c *Conn, line []byte, found bool) error {
	if string(line) == "big" && found {
		_ = c.PushProducer(producing(func() ([]byte, error) { e.in("more", c); return nil, io.EOF }))
		_ = c.PushOwned(much, func([]byte) { e.in("done", c) })
	}
	e.in("receive", c)
	return nil
}

func (e *omnipresent) Drained(c *Conn) error        { e.in("drained", c); return nil }
func (e *omnipresent) Urgent(c *Conn, _ byte) error { e.in("urgent", c); return nil }
func (e *omnipresent) Oversize(c *Conn) error       { e.in("oversize", c); return nil }
func (e *omnipresent) ReadClosed(c *Conn) error     { e.in("readClosed", c); return nil }
func (e *omnipresent) Quit(c *Conn) error           { e.in("quit", c); return nil }
func (e *omnipresent) Failed(c *Conn, v any, at []byte) {
	e.failed = append(e.failed, v)
	e.in("failed", c)
}

func (e *omnipresent) Closed(c *Conn, cause error) {
	e.cause = cause
	e.in("closed", c)
}

// producing is a producer of one func.
type producing func() ([]byte, error)

func (f producing) More() ([]byte, error) { return f() }

// turn is one turn of the loop, in which the client reads what has come.
func (e *omnipresent) turn() {
	switch err := e.loop.Poll(0); {
	case errors.Is(err, ErrClosed):
		e.stopped = true
		return
	case err != nil:
		e.t.Fatal(err)
	}
	select {
	case <-e.loop.done:
		e.stopped = true
	default:
		if err := e.loop.check(); err != nil {
			e.t.Fatal(err)
		}
	}
	if e.raw != nil {
		_ = e.raw.Read(func(fd uintptr) bool {
			for n := 1; n > 0; {
				n, _ = unix.Read(int(fd), e.space[:])
			}
			return true
		})
	}
}

// until makes turns until where has come by; but once e has acted nothing need come by any more, and some turns are
// enough.
func (e *omnipresent) until(where string) {
	e.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for n := 0; e.ran[where] == 0 && e.ran["closed"] == 0 && !e.stopped; n++ {
		if n >= 4 && e.ran[e.target] > 0 {
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("%s does not come by, with %v", where, e.ran)
		}
		e.turn()
	}
}

// live has all callbacks come by, in the life of one connection.
func (e *omnipresent) live() {
	ln, err := e.loop.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		e.conn = c
		c.SetTerminator(match.LF)
		e.in("factory", c)
		return e
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.client = dial(e.t, ln.Addr().String())
	_ = e.client.SetReadBuffer(128 << 10)
	if e.raw, err = e.client.SyscallConn(); err != nil {
		e.t.Fatal(err)
	}
	e.until("opened")
	_, _ = io.WriteString(e.client, "big\n")
	for _, where := range []string{"receive", "more", "done", "drained"} {
		e.until(where)
	}
	if c := e.conn; !e.stopped && c.Post(func(c *Conn) { e.in("post", c) }) == nil {
		e.until("post")
		resume := c.Suspend()
		_ = resume(func(c *Conn) { e.in("reply", c) })
		e.until("reply")
	}
	if e.ran["closed"] == 0 && !e.stopped {
		e.loop.After(0, func() { e.in("timer", e.conn) })
		e.until("timer")
	}
	e.urge()
	e.until("urgent")
	_, _ = io.WriteString(e.client, strings.Repeat("x", 300)+"\n")
	e.until("oversize")
	e.end()
	_ = e.client.Close()
	for deadline := time.Now().Add(20 * time.Second); e.conn.state&mourned == 0 && !e.stopped; e.turn() {
		if time.Now().After(deadline) {
			e.t.Fatalf("Closed does not come, after %v", e.ran)
		}
	}
	for range 3 {
		e.turn()
	}
}

// urge sends an urgent byte.
func (e *omnipresent) urge() {
	if err := e.raw.Control(func(fd uintptr) { _ = unix.Sendto(int(fd), []byte("!"), unix.MSG_OOB, nil) }); err != nil {
		e.t.Fatal(err)
	}
}

// end has the callbacks come by that are the last of a connection.
func (e *omnipresent) end() {
	switch {
	case e.stopped:
	case e.target == "quit":
		e.loop.beginQuit(0)
		e.until("quit")
		e.hangUp()
	case e.target == "detach":
		_ = e.conn.Post(func(c *Conn) {
			_ = c.Detach(func(fd int, _ []byte) {
				_ = unix.Close(fd)
				e.in("detach", c)
			})
		})
		e.until("detach")
	default:
		_ = e.client.CloseWrite()
		e.until("readClosed")
		e.hangUp()
	}
}

// hangUp closes the connection, unless it is.
func (e *omnipresent) hangUp() { _ = e.conn.Post(func(c *Conn) { c.Close() }) }

// newOmnipresent makes one on a loop of its own.
func newOmnipresent(t *testing.T, target string, act func(e *omnipresent, c *Conn)) *omnipresent {
	l := newTestLoop(t, Options{HighWater: 64 << 10, MaxElement: 100, Oversize: DiscardOversize})
	e := &omnipresent{t: t, loop: l, target: target, ran: map[string]int{}}
	e.act = func(c *Conn) { act(e, c) }
	return e
}

// reentries are what TestScenario21EveryCallback does in each callback. After those that end the connection no push
// is taken.
var reentries = []struct {
	name string
	ends bool // the connection
	stop bool // the loop
	act  func(e *omnipresent, c *Conn)
}{
	{"push", false, false, func(_ *omnipresent, c *Conn) { _ = c.PushString("abc") }},
	{"push much", false, false, func(_ *omnipresent, c *Conn) { _ = c.Push(make([]byte, 1<<20)) }},
	{"push owned", false, false, func(_ *omnipresent, c *Conn) { _ = c.PushOwned(make([]byte, 1<<20), nil) }},
	{"post", false, false, func(_ *omnipresent, c *Conn) { _ = c.Post(func(c *Conn) { _ = c.PushString("abc") }) }},
	{"suspend", false, false, func(_ *omnipresent, c *Conn) { _ = c.Suspend()(nil) }},
	{"discard", false, false, func(_ *omnipresent, c *Conn) { c.Discard() }},
	{"close", true, false, func(_ *omnipresent, c *Conn) { c.Close() }},
	{"close twice", true, false, func(_ *omnipresent, c *Conn) { c.CloseWhenDone(); c.Close(); c.Close() }},
	{"close when done", true, false, func(_ *omnipresent, c *Conn) { _ = c.PushString("bye"); c.CloseWhenDone() }},
	{"close for a cause", true, false, func(_ *omnipresent, c *Conn) { c.CloseCause(io.ErrNoProgress) }},
	{"close all", true, false, func(e *omnipresent, _ *Conn) { e.loop.CloseAll(io.ErrNoProgress) }},
	{"shut down", false, false, func(e *omnipresent, _ *Conn) { e.loop.beginQuit(0) }},
	{"close the loop", true, true, func(e *omnipresent, _ *Conn) { _ = e.loop.Close() }},
	{"poll", false, false, func(e *omnipresent, _ *Conn) {
		if err := e.loop.Poll(0); !errors.Is(err, ErrRunning) {
			e.t.Errorf("Poll in a callback: %v", err)
		}
	}},
}

// Scenario 21: whatever a callback calls, at whatever place: no callback runs inside another, nothing waits for
// itself, and there is one Closed, which is the last.
func TestScenario21EveryCallback(t *testing.T) {
	for _, tt := range reentries {
		for _, where := range callbacks {
			t.Run(tt.name+" in "+where, func(t *testing.T) {
				e := newOmnipresent(t, where, func(e *omnipresent, c *Conn) {
					tt.act(e, c)
					if tt.ends || where == "closed" || where == "detach" {
						if err := c.PushString("late"); where != "factory" && !errors.Is(err, ErrClosed) {
							e.t.Errorf("a push after it: %v", err)
						}
					}
				})
				e.live()
				if e.ran[where] == 0 || e.ran["closed"] != 1 {
					t.Errorf("what came by: %v", e.ran)
				}
				if e.stopped != tt.stop {
					t.Errorf("the loop has ended: %t", e.stopped)
				}
			})
		}
	}
}

// Scenario 21, recursion: a million elements in one read are a million calls in a row, not one inside the other, and
// each can push.
func TestScenario21MillionElementsInOneRead(t *testing.T) {
	const elements = 1 << 20
	calls, reads := sys.System(), 0
	calls.Read = func(_ int, p []byte) (int, unix.Errno) {
		if reads++; reads > 1 {
			return -1, unix.EAGAIN
		}
		for i := range p[:elements] {
			p[i] = '\n'
		}
		return elements, 0
	}
	l := newTestLoop(t, Options{calls: calls, RingBytes: elements, MaxOutput: 64 << 20})
	got, depths := 0, map[int]int{}
	h := &hooks{receive: func(c *Conn, _ []byte, _ bool) error {
		if got++; got == 1 || got%1000 == 0 {
			depths[runtime.Callers(0, make([]uintptr, 1000))]++
		}
		return c.PushString("x")
	}}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	if _, err := io.WriteString(peer, "\n"); err != nil {
		t.Fatal(err)
	}
	before := l.Stats().Turns
	poll(t, l, func() bool { return got > 0 })
	if turns := l.Stats().Turns - before; got != elements || turns > 5 {
		t.Errorf("%d elements in %d turns", got, turns)
	}
	if len(depths) > 2 { // some are delivered by another way than the rest
		t.Errorf("how deep the stack was, and how often: %v", depths)
	}
	echoed := 0
	poll(t, l, func() bool {
		n, err := countSome(peer)
		echoed += n
		return err != nil || echoed == elements
	})
	if echoed != elements {
		t.Errorf("%d bytes came back", echoed)
	}
}

// countSome reads what has come and counts it.
func countSome(peer *os.File) (n int, err error) {
	var p [64 << 10]byte
	_ = peer.SetReadDeadline(time.Now().Add(time.Millisecond))
	for {
		k, err := peer.Read(p[:])
		if n += k; err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = nil
			}
			return n, err
		}
		for _, b := range p[:k] {
			if b != 'x' {
				return n, fmt.Errorf("byte %q", b)
			}
		}
	}
}
