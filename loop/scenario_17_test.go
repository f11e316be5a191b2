//go:build linux

package loop

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// Scenario 17: the peer resets while the connection is paused, and so is of no interest for epoll, which would report
// ERR and HUP of a descriptor that it knows, whatever was asked. The loop sleeps; with Resume what had come is
// delivered, and then the reset.
func TestScenario17ResetWhilePaused(t *testing.T) {
	l := newTestLoop(t, Options{})
	got, closed := 0, false
	var cause error
	c, fd := bareTCPPair(t, l, &hooks{
		receive: func(_ *Conn, data []byte, _ bool) error { got += len(data); return nil },
		closed:  func(_ *Conn, err error) { closed, cause = true, err },
	}, nil)
	others := newPingers(t, l, 3)
	c.Pause()
	rounds(t, l, 2)
	say(t, fd, "before")
	sendReset(t, fd)
	isCalm(t, l)
	others.turn(t, l)
	if got != 0 || closed {
		t.Fatalf("paused, %d bytes were delivered, closed %t", got, closed)
	}
	c.Resume()
	poll(t, l, func() bool { return closed })
	if got != 6 || !errors.Is(cause, unix.ECONNRESET) {
		t.Fatalf("%d bytes were delivered, closed for %v", got, cause)
	}
}

// The same with output that waits for room, so that epoll does know the descriptor: the error is taken and tells what
// ended it, and nothing is reported again and again.
func TestScenario17ResetWhilePausedAndFull(t *testing.T) {
	for _, resumes := range []bool{true, false} {
		l := newTestLoop(t, Options{})
		closed := false
		var cause error
		c, fd := bareTCPPair(t, l, &hooks{closed: func(_ *Conn, err error) { closed, cause = true, err }}, nil)
		c.Pause()
		c.Post(func(c *Conn) { _ = c.Push(make([]byte, 16<<20)) })
		poll(t, l, func() bool { return c.state&blocked != 0 })
		rounds(t, l, 3)
		sendReset(t, fd)
		rounds(t, l, 5)
		isCalm(t, l)
		if resumes {
			c.Resume()
			poll(t, l, func() bool { return closed })
			if !errors.Is(cause, unix.ECONNRESET) && !errors.Is(cause, unix.EPIPE) {
				t.Fatalf("closed for %v", cause)
			}
		}
		if n := c.Queued(); n != 0 {
			t.Fatalf("%d bytes wait for a peer that is gone", n)
		}
	}
}

// A peer that hangs up while the connection waits for room only, having ended its own side: nothing is left to read,
// so the error of the socket itself ends it.
func TestScenario17HangUpWhileWriting(t *testing.T) {
	l := newTestLoop(t, Options{})
	half, closed := false, false
	var cause error
	h := &halfCloser{hooks{closed: func(_ *Conn, err error) { closed, cause = true, err }}}
	h.readClosed = func(c *Conn) error { half = true; return c.Push(make([]byte, 16<<20)) }
	_, fd := bareTCPPair(t, l, h, nil)
	if err := unix.Shutdown(fd, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	poll(t, l, func() bool { return half })
	rounds(t, l, 3)
	sendReset(t, fd)
	poll(t, l, func() bool { return closed })
	if !errors.Is(cause, unix.ECONNRESET) && !errors.Is(cause, unix.EPIPE) {
		t.Fatalf("closed for %v", cause)
	}
	isCalm(t, l)
}
