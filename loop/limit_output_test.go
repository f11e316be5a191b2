//go:build linux

package loop

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// overdue are the options of the tests of OutputTimeout: 10 s from 64 KiB to 4 KiB, and no other limit that comes first.
func overdue() Options {
	return Options{OutputTimeout: 10 * time.Second, HighWater: 64 << 10, LowWater: 4 << 10, IdleTimeout: -1,
		DrainTimeout: 10 * time.Minute}
}

// takeSome reads up to n bytes from a peer that is not blocking, and returns how many there were.
func takeSome(t testing.TB, peer *os.File, n int) int {
	t.Helper()
	got, err := unix.Read(int(peer.Fd()), make([]byte, n))
	if err != nil && err != unix.EAGAIN {
		t.Fatal(err)
	}
	return max(0, got)
}

// filledPair is a connection with 8 MiB queued for a peer that has read nothing.
func filledPair(t testing.TB, l *Loop) (c *Conn, peer *os.File, cause *error) {
	t.Helper()
	cause = new(error)
	c, peer = pair(t, l, &hooks{closed: func(c *Conn, err error) { *cause = err }}, nil)
	c.PushOwned(make([]byte, 8<<20), nil)
	rounds(t, l, 3)
	if c.state&above == 0 {
		t.Fatal("it is not above HighWater")
	}
	return c, peer, cause
}

// A peer that reads a little all the time is put out when its output has been above HighWater for too long, and not before.
func TestOutputTimeout(t *testing.T) {
	l, k := newClockLoop(t, overdue())
	c, peer, cause := filledPair(t, l)
	for second := range 10 {
		if *cause != nil {
			t.Fatalf("%v after %d s", *cause, second)
		}
		if takeSome(t, peer, 100<<10) == 0 {
			t.Fatal("the peer gets nothing")
		}
		c.PushOwned(make([]byte, 100<<10), nil) // which does not begin the time anew
		k.pass(t, time.Second)
	}
	if !errors.Is(*cause, ErrOutputTimeout) {
		t.Fatalf("%v after 10 s", *cause)
	}
}

// At LowWater the time ends, and above HighWater another one begins.
func TestOutputTimeoutEndsAtLowWater(t *testing.T) {
	l, k := newClockLoop(t, overdue())
	c, peer, cause := filledPair(t, l)
	for range 3 {
		k.pass(t, 9*time.Second)
		for c.state&above != 0 {
			takeSome(t, peer, 1<<20)
			rounds(t, l, 1)
		}
		k.pass(t, time.Minute)
		if *cause != nil {
			t.Fatal(*cause)
		}
		c.PushOwned(make([]byte, 8<<20), nil)
		rounds(t, l, 3)
	}
	k.pass(t, 9*time.Second)
	if *cause != nil {
		t.Fatal(*cause)
	}
	k.pass(t, time.Second)
	if !errors.Is(*cause, ErrOutputTimeout) {
		t.Fatal(*cause)
	}
}

// A connection that closes has DrainTimeout, and nothing is lost by OutputTimeout.
func TestOutputTimeoutNotWhileClosing(t *testing.T) {
	o := overdue()
	o.DrainTimeout = 3 * time.Second
	l, k := newClockLoop(t, o)
	c, peer, cause := filledPair(t, l)
	k.pass(t, 9*time.Second)
	c.CloseWhenDone()
	got := 0
	for *cause == nil && got < 8<<20 {
		got += takeSome(t, peer, 256<<10)
		k.pass(t, time.Second)
	}
	peer.Close()
	rounds(t, l, 3)
	if got != 8<<20 || *cause != nil || c.state&closed == 0 {
		t.Fatalf("%d bytes arrived, %v", got, *cause)
	}
}

// SetOutputTimeout sets, changes and takes away the time of one connection, amid it too; from none to some it begins anew.
func TestSetOutputTimeout(t *testing.T) {
	o := overdue()
	o.OutputTimeout = 0
	l, k := newClockLoop(t, o)
	c, _, cause := filledPair(t, l)
	k.pass(t, time.Minute)
	c.SetOutputTimeout(3 * time.Second)
	k.pass(t, 2*time.Second)
	c.SetOutputTimeout(-1)
	k.pass(t, time.Minute)
	c.SetOutputTimeout(3 * time.Second)
	k.pass(t, 2*time.Second)
	if *cause != nil {
		t.Fatal(*cause)
	}
	k.pass(t, time.Second)
	if !errors.Is(*cause, ErrOutputTimeout) {
		t.Fatal(*cause)
	}

	l, k = newClockLoop(t, overdue())
	c, _, cause = filledPair(t, l)
	c.SetOutputTimeout(0)
	before := l.stats.Turns
	k.pass(t, time.Minute)
	if *cause != nil || l.stats.Turns-before > 3*60 {
		t.Fatalf("%v, %d turns", *cause, l.stats.Turns-before)
	}
}

// What was pushed while a Dial was under way has its time from the connection on.
func TestOutputTimeoutOfADial(t *testing.T) {
	l, k := newClockLoop(t, overdue())
	fd, address, err := bareListener(true)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var c *Conn
	var cause error
	if err := l.Dial("tcp", address, func(conn *Conn) Handler {
		c = conn
		c.PushOwned(make([]byte, 32<<20), nil) // more than the buffers of two sockets take
		k.ns += int64(9 * time.Second)         // while the peer thinks
		return &hooks{closed: func(c *Conn, err error) { cause = err }}
	}); err != nil {
		t.Fatal(err)
	}
	poll(t, l, func() bool { return c != nil && c.state&opened != 0 })
	if c.state&above == 0 {
		t.Fatal("it is not above HighWater")
	}
	k.pass(t, 9*time.Second)
	if cause != nil {
		t.Fatal(cause)
	}
	k.pass(t, time.Second)
	if !errors.Is(cause, ErrOutputTimeout) {
		t.Fatal(cause)
	}
}
