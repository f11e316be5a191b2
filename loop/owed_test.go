//go:build linux

package loop

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// What a done pushes that is called late, because another one's panic came between, stays the connection's: it went to the
// next one that got the queue.
func TestPushOfADoneBehindAPanic(t *testing.T) {
	l := newTestLoop(t, Options{HighWater: 4096, MaxOutput: 4096, Overflow: RefuseOverflow})
	c, peer := pair(t, l, &hooks{}, nil)
	late := false
	_ = l.Post(func() {
		_ = c.PushOwned([]byte("a"), func([]byte) { panic("boom") })
		_ = c.PushOwned([]byte("b"), func([]byte) {
			late = true
			_ = c.PushString("late")
		})
		_ = c.Push(make([]byte, 8192)) // does not fit, so what waits is written
	})
	poll(t, l, func() bool { return late })
	rounds(t, l, 2)
	other, peer2 := pair(t, l, &hooks{}, nil)
	_ = l.Post(func() { _ = other.PushOwned([]byte("mine"), nil) })
	rounds(t, l, 3)
	for _, p := range []*os.File{peer, peer2} {
		_ = p.SetReadDeadline(time.Now().Add(10 * time.Second))
	}
	expect(t, peer, "ablate")
	expect(t, peer2, "mine")
}

// Detach hands over a descriptor when all that was queued is written. Where writing fails it is the end, with the reason.
func TestDetachBehindAFailedWrite(t *testing.T) {
	l := newTestLoop(t, Options{})
	detached, closed, cause := false, false, error(nil)
	h := &hooks{
		receive: func(c *Conn, _ []byte, _ bool) error {
			_ = c.PushString("220 go ahead\r\n")
			return c.Detach(func(fd int, _ []byte) {
				detached = true
				unix.Close(fd)
			})
		},
		closed: func(_ *Conn, err error) { closed, cause = true, err },
	}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	l.sys.Calls.Write = func(int, []byte) (int, syscall.Errno) { return -1, unix.EPIPE }
	_, _ = peer.WriteString("STARTTLS\r\n")
	poll(t, l, func() bool { return closed })
	if detached || !errors.Is(cause, unix.EPIPE) {
		t.Errorf("detached: %t, Closed got %v", detached, cause)
	}
}

// Closed gets the first cause, also from a connection that the handler closes after a write has failed.
func TestCloseBehindAFailedWrite(t *testing.T) {
	l := newTestLoop(t, Options{})
	elements, closed, cause := 0, false, error(nil)
	h := &hooks{
		receive: func(c *Conn, _ []byte, _ bool) error {
			if elements++; elements == 2 {
				c.Close()
				return nil
			}
			return c.PushString("lost")
		},
		closed: func(_ *Conn, err error) { closed, cause = true, err },
	}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	l.sys.Calls.Write = func(int, []byte) (int, syscall.Errno) { return -1, unix.EPIPE }
	_, _ = peer.WriteString("a\n")
	poll(t, l, func() bool { return elements == 1 })
	_, _ = peer.WriteString("b\n")
	poll(t, l, func() bool { return closed })
	if !errors.Is(cause, unix.EPIPE) {
		t.Errorf("Closed got %v", cause)
	}
}

// A connection that has closed has no timer, whatever is set then: the wheel would hold its memory until that fires.
func TestNoTimerBehindTheEnd(t *testing.T) {
	for name, set := range map[string]func(c *Conn){
		"idle":     func(c *Conn) { c.SetIdleTimeout(time.Hour) },
		"deadline": func(c *Conn) { c.SetDeadline(time.Now().Add(time.Hour)) },
		"output":   func(c *Conn) { c.SetOutputTimeout(time.Hour) },
		"element":  func(c *Conn) { c.Resume() },
	} {
		l := newTestLoop(t, Options{HighWater: 4096})
		var conn *Conn
		h := &hooks{closed: func(c *Conn, _ error) { set(c) }}
		h.receive = func(c *Conn, _ []byte, _ bool) error { return nil }
		conn, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
		_, _ = peer.WriteString("begun")
		poll(t, l, func() bool { return conn.in != nil })
		conn.Pause()
		_ = conn.PushOwned(make([]byte, 1<<20), nil) // too much for the socket
		rounds(t, l, 2)
		conn.Close()
		rounds(t, l, 2)
		if conn.timer.Armed() || l.wheel.Len() != 0 {
			t.Errorf("%s: a timer is left", name)
		}
	}
}

// A connection that epoll refuses has no timer either.
func TestNoTimerWhereEpollRefuses(t *testing.T) {
	l := newTestLoop(t, Options{})
	control, closed := l.calls.EpollCtl, false
	calls := *l.calls
	calls.EpollCtl = func(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno {
		if op == unix.EPOLL_CTL_ADD {
			return unix.ENOMEM
		}
		return control(epfd, op, fd, event)
	}
	l.calls = &calls
	c, _ := pair(t, l, &hooks{closed: func(*Conn, error) { closed = true }}, nil)
	if !closed || c.timer.Armed() {
		t.Errorf("closed: %t, the timer runs: %t", closed, c.timer.Armed())
	}
}

// A Goexit in a callback of a connection that was scheduled leaves no empty places behind, which would be taken for panics.
func TestGoexitOfAScheduledConnection(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 1}))
	if err != nil {
		t.Fatal(err)
	}
	l := s.loops[0]
	h := &hooks{receive: func(*Conn, []byte, bool) error {
		runtime.Goexit()
		return nil
	}}
	c, peer := pair(t, l, h, func(c *Conn) { c.Pause() })
	_, _ = peer.WriteString("x")
	c.Resume()
	_ = l.Post(func() { // received, and scheduled to be delivered
		c.Pause()
		c.keepBlock([]byte("x"))
		c.Resume()
	})
	if err := s.Run(t.Context()); !errors.Is(err, ErrGoexit) {
		t.Fatal(err)
	}
	if n := l.Stats().Panics; n != 0 {
		t.Errorf("%d panics", n)
	}
}
