//go:build linux

package loop

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// The unfinished end of a stream, larger than the pool keeps, is echoed from its ring.
func TestLongRestIsEchoed(t *testing.T) {
	l := newTestLoop(t, Options{MaxElement: 100 << 20, HighWater: 200 << 20, MaxOutput: 400 << 20})
	var cause error
	closed := false
	h := &hooks{closed: func(_ *Conn, e error) { closed, cause = true, e }}
	h.receive = func(c *Conn, d []byte, _ bool) error { return c.Push(d) }
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	const size = 40 << 20
	go func() {
		peer.SetDeadline(time.Now().Add(50 * time.Second))
		peer.Write(bytes.Repeat([]byte("x"), size))
		if rc, err := peer.SyscallConn(); err == nil {
			rc.Control(func(fd uintptr) { unix.Shutdown(int(fd), unix.SHUT_WR) })
		}
	}()
	got := make(chan []byte, 1)
	go func() {
		peer.SetReadDeadline(time.Now().Add(50 * time.Second))
		b, _ := io.ReadAll(peer)
		got <- b
		peer.Close()
	}()
	poll(t, l, func() bool { return closed })
	b := <-got
	if len(b) != size || !bytes.Equal(b, bytes.Repeat([]byte("x"), size)) {
		t.Fatalf("%d of %d bytes came back; cause %v", len(b), size, cause)
	}
}

type urgentCounter struct {
	hooks
	n int
}

func (h *urgentCounter) Urgent(*Conn, byte) error { h.n++; return nil }

// An urgent byte that nobody takes any more does not keep the loop awake.
func TestUrgentByteWhileClosing(t *testing.T) {
	l := newTestLoop(t, Options{DrainTimeout: 3 * time.Second})
	var conn *Conn
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { conn = c; return &urgentCounter{} })
	if err != nil {
		t.Fatal(err)
	}
	nc := dial(t, ln.Addr().String())
	poll(t, l, func() bool { return conn != nil })
	conn.CloseWhenDone()
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

// The time of an element ends with it, also when it ends because nothing ends it any more.
func TestNoElementNoTimeout(t *testing.T) {
	for name, f := range map[string]func(c *Conn){
		"SetTerminator(None)": func(c *Conn) { c.SetTerminator(match.None) },
		"SetDelivery(Pieces)": func(c *Conn) { c.SetDelivery(Pieces) },
		"Discard":             func(c *Conn) { c.Discard() },
	} {
		l := newTestLoop(t, Options{ElementTimeout: 30 * time.Millisecond})
		var cause error
		c, peer := pair(t, l, &hooks{closed: func(_ *Conn, e error) { cause = e }}, func(c *Conn) { c.SetTerminator(match.LF) })
		peer.WriteString("part")
		poll(t, l, func() bool { return c.in != nil })
		c.Post(f)
		for range 20 {
			l.Poll(5 * time.Millisecond)
		}
		if errors.Is(cause, ErrElementTimeout) {
			t.Errorf("%s: nothing is held, and yet %v", name, cause)
		}
	}
}

// After Resume the element has its time anew, and no more.
func TestResumeRestartsTheElementTime(t *testing.T) {
	l := newTestLoop(t, Options{ElementTimeout: 30 * time.Millisecond})
	var cause error
	c, peer := pair(t, l, &hooks{closed: func(_ *Conn, e error) { cause = e }}, func(c *Conn) { c.SetTerminator(match.LF) })
	peer.WriteString("part")
	poll(t, l, func() bool { return c.in != nil })
	c.Pause()
	for range 20 {
		l.Poll(5 * time.Millisecond)
	}
	c.Resume()
	for range 40 {
		l.Poll(5 * time.Millisecond)
	}
	if !errors.Is(cause, ErrElementTimeout) {
		t.Fatalf("after Resume the element timeout never fires: %v", cause)
	}
}

// RemoteAddr may be asked on any goroutine while a Dial tries its addresses.
func TestRemoteAddrOfADial(t *testing.T) {
	l := newTestLoop(t, Options{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	defer ln.Close()
	opened := false
	started := make(chan struct{})
	l.Dial("tcp", ln.Addr().String(), func(c *Conn) Handler {
		go func() {
			close(started)
			for range 1000 {
				c.RemoteAddr()
			}
		}()
		<-started
		return &hooks{opened: func(*Conn) error { opened = true; return nil }}
	})
	poll(t, l, func() bool { return opened })
	time.Sleep(20 * time.Millisecond)
}

// SetTerminator after Close takes no memory.
func TestSetTerminatorAfterClose(t *testing.T) {
	l := newTestLoop(t, Options{})
	closed := false
	c, peer := pair(t, l, &hooks{closed: func(c *Conn, _ error) { c.SetTerminator(match.LF); closed = true }}, func(c *Conn) { c.SetTerminator(match.CRLF); c.SetDelivery(Pieces) })
	peer.WriteString("x\r")
	poll(t, l, func() bool { return c.match.Held() > 0 })
	c.Close()
	poll(t, l, func() bool { return closed })
	if n := l.Stats().BlockBytes; n != 0 {
		t.Fatalf("%d bytes", n)
	}
}

// A push after a failed write in the same callback says so.
func TestPushAfterAFailedWrite(t *testing.T) {
	l := newTestLoop(t, Options{})
	closed := false
	h := &hooks{closed: func(*Conn, error) { closed = true }}
	c, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	c.Pause()
	rounds(t, l, 2)
	peer.WriteString("a\nb\nc")
	peer.Close()
	var got []string
	h.receive = func(_ *Conn, d []byte, f bool) error { got = append(got, string(d)); return nil }
	c.PushString("x") // EPIPE
	rounds(t, l, 3)
	c.Resume()
	for range 10 {
		l.Poll(2 * time.Millisecond)
	}
	if !closed || len(got) != 3 {
		t.Fatalf("closed %t, got %q", closed, got)
	}
}

// Detach with output blocked and bytes held, CloseWhenDone from Drained, and while paused and above.
func TestCloseWhenDoneInEveryState(t *testing.T) {
	l := newTestLoop(t, Options{HighWater: 4096})
	closed := false
	var cause error
	c, peer := pair(t, l, &hooks{closed: func(_ *Conn, e error) { closed, cause = true, e }}, nil)
	unix.SetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 4096)
	const size = 1 << 20
	c.Push(make([]byte, size))
	c.Pause()
	c.CloseWhenDone()
	total := 0
	peer.SetDeadline(time.Now().Add(5 * time.Second))
	peer.WriteString("unread")
	done := make(chan int, 1)
	go func() {
		b := make([]byte, 65536)
		for {
			n, err := peer.Read(b)
			total += n
			if err != nil {
				done <- total
				peer.Close()
				return
			}
		}
	}()
	poll(t, l, func() bool { return closed })
	if n := <-done; n != size || cause != nil {
		t.Fatalf("%d of %d, cause %v", n, size, cause)
	}
}

// Discard with a full socket drops what is queued, and what is pushed after it leaves.
func TestDiscardWhileBlocked(t *testing.T) {
	l := newTestLoop(t, Options{HighWater: 4096})
	drained := 0
	c, peer := pair(t, l, &hooks{drained: func(*Conn) error { drained++; return nil }}, nil)
	c.Push(make([]byte, 4<<20))
	rounds(t, l, 3)
	c.Discard()
	rounds(t, l, 3)
	if drained != 1 {
		t.Fatalf("drained %d", drained)
	}
	c.PushString("end")
	peer.SetDeadline(time.Now().Add(5 * time.Second))
	res := make(chan string, 1)
	go func() {
		b := make([]byte, 1<<16)
		var last []byte
		for {
			n, err := peer.Read(b)
			last = append(last, b[:n]...)
			if len(last) > 3 {
				last = last[len(last)-3:]
			}
			if err != nil || string(last) == "end" {
				res <- string(last)
				return
			}
		}
	}()
	var got string
	poll(t, l, func() bool {
		select {
		case got = <-res:
			return true
		default:
			return false
		}
	})
	if got != "end" {
		t.Fatalf("%q", got)
	}
}

// CloseWhenDone before a Dial is connected delivers what was pushed.
func TestOneShotDial(t *testing.T) {
	for _, where := range []string{"factory", "later"} {
		l := newTestLoop(t, Options{})
		ln, _ := net.Listen("tcp", "127.0.0.1:0")
		got := make(chan string, 1)
		go func() {
			nc, err := ln.Accept()
			if err != nil {
				got <- "no connection"
				return
			}
			nc.SetDeadline(time.Now().Add(2 * time.Second))
			b, _ := io.ReadAll(nc)
			nc.Close()
			got <- string(b)
		}()
		closed := false
		var cause error
		l.Dial("tcp", ln.Addr().String(), func(c *Conn) Handler {
			c.PushString("request")
			if where == "factory" {
				c.CloseWhenDone()
			} else {
				l.Post(func() {})
				c.Post(func(c *Conn) { c.CloseWhenDone() })
			}
			return &hooks{closed: func(_ *Conn, e error) { closed, cause = true, e }}
		})
		poll(t, l, func() bool { return closed })
		ln.Close()
		if s := <-got; s != "request" && cause == nil {
			t.Errorf("%s: Closed with a nil cause, and the peer got %q", where, s)
		}
	}
}

// What the factory of a Dial pushes reaches no other connection.
func TestDialStagesForNobodyElse(t *testing.T) {
	l := newTestLoop(t, Options{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	defer ln.Close()
	other, peer := pair(t, l, &hooks{}, nil)
	l.Dial("tcp", ln.Addr().String(), func(c *Conn) Handler { c.PushString("request"); return &hooks{} })
	other.Post(func(c *Conn) { c.PushString("mine") })
	rounds(t, l, 3)
	b := make([]byte, 100)
	n, _ := peer.Read(b)
	if string(b[:n]) != "mine" {
		t.Fatalf("%q", b[:n])
	}
}

// Nor does SetTerminator in Closed.
func TestSetTerminatorInClosed(t *testing.T) {
	l := newTestLoop(t, Options{})
	closed := false
	c, peer := pair(t, l, &hooks{closed: func(c *Conn, _ error) { c.SetTerminator(match.LF); closed = true }}, func(c *Conn) { c.SetTerminator(match.CRLF); c.SetDelivery(Pieces) })
	peer.WriteString("x\r")
	poll(t, l, func() bool { return c.match.Held() > 0 })
	c.Close()
	poll(t, l, func() bool { return closed })
	t.Logf("in %v held %d blocks %d", c.in != nil, c.match.Held(), l.Stats().BlockBytes)
	if c.in != nil {
		t.Fatal("kept")
	}
}

// Add after Close is refused: the number of the epoll set may be a stranger's by then.
func TestAddAfterClose(t *testing.T) {
	l, err := NewLoop(quiet(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	stranger, _ := unix.EpollCreate1(unix.EPOLL_CLOEXEC) // gets the number of the closed epoll set
	defer unix.Close(stranger)
	var p [2]int
	unix.Pipe2(p[:], unix.O_CLOEXEC)
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	ch, err := l.Add(p[0], &pipeDispatcher{})
	if err == nil {
		unix.Close(ch.fd)
		t.Fatalf("Add on a closed loop succeeds (stranger %d, epfd %d)", stranger, l.epfd)
	}
}
