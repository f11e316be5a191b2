//go:build linux

package loop

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// Scenario 16: a client sends 1 MB and ends its side, so that RDHUP is reported while most of it is unread. All of it
// is delivered, then the half-close is told once, and the reply that is pushed then arrives.
func TestScenario16HalfClose(t *testing.T) {
	sent, reply := counted(1<<20), placed(300<<10)
	for _, delivery := range []Delivery{Whole, Pieces} {
		l := newTestLoop(t, Options{RingBytes: 16 << 10})
		var received []byte
		var told []string
		h := &halfCloser{hooks{
			receive: func(_ *Conn, data []byte, found bool) error {
				if received = append(received, data...); found {
					received = append(received, ' ')
				}
				return nil
			},
			closed: func(_ *Conn, cause error) { told = append(told, fmt.Sprint("closed ", cause)) },
		}}
		h.readClosed = func(c *Conn) error {
			told = append(told, fmt.Sprintf("half-closed after %d", len(received)))
			if err := c.Push(reply); err != nil {
				return err
			}
			c.CloseWhenDone()
			return nil
		}
		space, err := match.Literal([]byte(" "))
		if err != nil {
			t.Fatal(err)
		}
		c, fd := bareTCPPair(t, l, h, func(c *Conn) { c.SetTerminator(space); c.SetDelivery(delivery) })
		c.Pause() // until all of it is on its way
		rest := sent
		for ended := false; !ended; {
			n, err := unix.Write(fd, rest)
			if err == nil {
				rest = rest[n:]
			}
			if ended = len(rest) == 0; ended {
				err = unix.Shutdown(fd, unix.SHUT_WR)
			}
			if err != nil && err != unix.EAGAIN {
				t.Fatal(err)
			}
			if err == unix.EAGAIN {
				c.Resume()
			}
			rounds(t, l, 1)
		}
		c.Resume()
		var got []byte
		open := true
		poll(t, l, func() bool { got, open = hear(fd, got); return !open && l.Len() == 0 })
		want := fmt.Sprint([]string{fmt.Sprintf("half-closed after %d", len(sent)), "closed <nil>"})
		if fmt.Sprint(told) != want || !bytes.Equal(received, sent) || !bytes.Equal(got, reply) {
			t.Fatalf("%d bytes came, %d of the reply; told %q", len(received), len(got), told)
		}
	}
}

// A client that sends and resets: what the kernel took before the RST is delivered, a ring at a time, and then comes
// the cause.
func TestScenario16ResetBehindData(t *testing.T) {
	const size = 100 << 10
	l := newTestLoop(t, Options{RingBytes: 4 << 10})
	received, atEnd := 0, -1
	var cause error
	_, fd := bareTCPPair(t, l, &hooks{
		receive: func(_ *Conn, data []byte, _ bool) error { received += len(data); return nil },
		closed:  func(_ *Conn, err error) { atEnd, cause = received, err },
	}, nil)
	say(t, fd, string(placed(size)))
	sendReset(t, fd)
	poll(t, l, func() bool { return atEnd >= 0 })
	if atEnd != size || !errors.Is(cause, unix.ECONNRESET) {
		t.Fatalf("%d of %d bytes were delivered before the end, %v", atEnd, size, cause)
	}
}
