//go:build linux

package loop

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// Nor does one on a connection that relays.
func TestUrgentByteWhileRelaying(t *testing.T) {
	l := newTestLoop(t, Options{})
	var conn *Conn
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { conn = c; return &urgentCounter{} })
	if err != nil {
		t.Fatal(err)
	}
	nc := dial(t, ln.Addr().String())
	poll(t, l, func() bool { return conn != nil })
	dst, _ := pair(t, l, &hooks{}, nil)
	if err := conn.Relay(dst, -1, nil); err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 3)
	rc, _ := nc.SyscallConn()
	rc.Control(func(fd uintptr) { unix.Sendto(int(fd), []byte("!"), unix.MSG_OOB, nil) })
	before := l.Stats().Turns
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
		l.Poll(50 * time.Millisecond)
	}
	if n := l.Stats().Turns - before; n > 50 {
		t.Fatalf("%d turns in 0.2 s", n)
	}
}

// Held-back bytes that a relay does not want are delivered behind it.
func TestRelayOfACarry(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got []byte
	src, peer := pair(t, l, &hooks{receive: func(_ *Conn, d []byte, _ bool) error { got = append(got, d...); return nil }}, func(c *Conn) { c.SetTerminator(match.CRLFCRLF); c.SetDelivery(Pieces) })
	dst, far := pair(t, l, &hooks{}, nil)
	peer.WriteString("x\r\n\r")
	poll(t, l, func() bool { return len(got) > 0 })
	rounds(t, l, 2)
	if err := src.Relay(dst, 1, nil); err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 4)
	peer.WriteString("tail")
	rounds(t, l, 4)
	b := make([]byte, 100)
	n, _ := far.Read(b)
	if all := string(got) + string(b[:n]); all != "x"+"\n\rtail"+"\r" {
		t.Fatalf("delivered %q, relayed %q", got, b[:n])
	}
}

// The time of an element does not run for a relay.
func TestRelayIsNoElement(t *testing.T) {
	l := newTestLoop(t, Options{ElementTimeout: 30 * time.Millisecond})
	var cause error
	src, peer := pair(t, l, &hooks{closed: func(_ *Conn, e error) { cause = e }}, func(c *Conn) { c.SetTerminator(match.LF) })
	dst, _ := pair(t, l, &hooks{}, nil)
	peer.WriteString("part")
	poll(t, l, func() bool { return src.in != nil })
	src.Relay(dst, -1, nil)
	for range 20 {
		l.Poll(5 * time.Millisecond)
	}
	if errors.Is(cause, ErrElementTimeout) {
		t.Fatalf("relay ended: %v", cause)
	}
}

// A source that is reset closes the destination.
func TestRelayOfAResetSource(t *testing.T) {
	l := newTestLoop(t, Options{})
	var conn *Conn
	ln, _ := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { conn = c; return &hooks{} })
	nc := dial(t, ln.Addr().String())
	poll(t, l, func() bool { return conn != nil })
	closed := false
	dst, _ := pair(t, l, &hooks{closed: func(*Conn, error) { closed = true }}, nil)
	conn.Relay(dst, -1, nil)
	rounds(t, l, 3)
	nc.SetLinger(0)
	nc.Close()
	for range 50 {
		l.Poll(2 * time.Millisecond)
	}
	if !closed {
		t.Fatalf("the other side stays open, broken %t", dst.state&broken != 0)
	}
}
