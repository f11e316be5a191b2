//go:build linux

package loop

import (
	"context"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// At Shutdown, what was received before and held is delivered before what is read then.
func TestQuitDeliversWhatIsHeldFirst(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got []string
	h := &hooks{}
	h.receive = func(c *Conn, d []byte, found bool) error {
		got = append(got, string(d))
		if len(got) == 1 {
			c.Pause()
		}
		return nil
	}
	c, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	peer.WriteString("a\nb\nc\nd")
	poll(t, l, func() bool { return len(got) == 1 })
	peer.WriteString("e\nf\n")
	c.Post(func(c *Conn) { c.Resume() })
	l.beginQuit(0)
	rounds(t, l, 6)
	want := []string{"a", "b", "c", "de", "f"}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %q", got)
		}
	}
}

// Connections in the queue of the kernel are served at Shutdown although other loops have ended.
func TestBacklogAtShutdown(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 2, Balance: RoundRobin}))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := s.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		c.SetTerminator(match.LF)
		return HandlerFunc(func(c *Conn, d []byte, _ bool) error { c.Push(d); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	release := make(chan struct{})
	blocked := make(chan struct{})
	s.loops[0].Post(func() { close(blocked); <-release })
	<-blocked
	var conns []*net.TCPConn
	for range 6 {
		nc := dial(t, ln.Addr().String())
		nc.Write([]byte("hello\n"))
		conns = append(conns, nc)
	}
	go s.Shutdown(context.Background())
	<-s.loops[1].done
	close(release)
	bad := 0
	for _, nc := range conns {
		nc.SetDeadline(time.Now().Add(3 * time.Second))
		b, _ := io.ReadAll(nc)
		if string(b) != "hello" {
			bad++
		}
		nc.Close()
	}
	wait(t, done)
	if bad > 0 {
		t.Fatalf("%d of 6 queued clients were not answered", bad)
	}
}

// Poll in a callback is refused.
func TestNestedPoll(t *testing.T) {
	l := newTestLoop(t, Options{})
	var nested error
	ran := false
	l.Post(func() { l.Post(func() {}); nested = l.Poll(0) })
	l.Post(func() {})
	l.Post(func() {})
	for range 5 {
		l.Poll(0)
	}
	l.Post(func() { ran = true })
	for range 5 {
		l.Poll(0)
	}
	if !ran {
		t.Fatalf("posts are lost after a nested Poll, which said %v", nested)
	}
}

// Close in a callback is put off to the end of the turn.
func TestCloseInACallback(t *testing.T) {
	l, err := NewLoop(quiet(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	fds, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	nested, in, closed := false, false, 0
	h := &hooks{}
	h.receive = func(c *Conn, d []byte, _ bool) error { in = true; l.Close(); in = false; return nil }
	h.closed = func(*Conn, error) { closed++; nested = in }
	l.Adopt(fds[0], func(*Conn) Handler { return h })
	unix.Write(fds[1], []byte("x"))
	for range 5 {
		l.Poll(0)
	}
	unix.Close(fds[1])
	if nested || closed != 1 {
		t.Fatalf("Closed nested in Receive: %t, called %d times", nested, closed)
	}
}

// A peer that never reads does not hold up a Shutdown beyond the drain time.
func TestShutdownWithAPeerThatNeverReads(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 1, DrainTimeout: 200 * time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := s.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		return &hooks{opened: func(c *Conn) error { return c.Push(make([]byte, 32<<20)) }}
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	nc := dial(t, ln.Addr().String())
	defer nc.Close()
	time.Sleep(200 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("after 20 drain times: %v", err)
	}
	wait(t, done)
}

// What is adopted after the drain has run out is closed too.
func TestAdoptAfterTheEnd(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 1, DrainTimeout: 200 * time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	fds, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	defer unix.Close(fds[1])
	unix.Write(fds[1], []byte("partial"))
	l := s.loops[0]
	l.Post(func() {
		s.Close()
		l.Adopt(fds[0], func(c *Conn) Handler { c.SetTerminator(match.LF); return &hooks{} })
	})
	select {
	case <-done:
	case <-time.After(3 * time.Second):
		t.Errorf("Run does not return after Close: a connection adopted behind it is kept")
		unix.Shutdown(fds[1], unix.SHUT_RDWR)
		wait(t, done)
	}
}

// A panic in a factory does not hold up a Shutdown: neither in a turn before it nor while it accepts
// the queue of the kernel.
func TestPanicInAFactoryAtShutdown(t *testing.T) {
	shutdownWithPanic(t, Options{Loops: 1}, 1)
	shutdownWithPanic(t, Options{Loops: 1, AcceptBudget: 1}, 2)
}

// shutdownWithPanic shuts a set down with queued connections in the kernel, of which the last one's
// factory panics.
func shutdownWithPanic(t *testing.T, o Options, queued int) {
	t.Helper()
	s, err := NewSet(quiet(o))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ln, err := s.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		n++
		if n == 1+queued {
			panic("factory")
		}
		return &hooks{}
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	one := dial(t, ln.Addr().String())
	until := time.Now().Add(time.Second)
	for s.Stats().Opened == 0 && time.Now().Before(until) {
		time.Sleep(time.Millisecond)
	}
	go func() { io.ReadAll(one); one.Close() }()
	release, blocked := make(chan struct{}), make(chan struct{})
	s.loops[0].Post(func() { close(blocked); <-release })
	<-blocked
	for range queued {
		nc := dial(t, ln.Addr().String())
		go func() { io.ReadAll(nc); nc.Close() }()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	res := make(chan error, 1)
	go func() { res <- s.Shutdown(ctx) }()
	time.Sleep(50 * time.Millisecond)
	close(release)
	if err := <-res; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	wait(t, done)
}

// A Dial that is not connected yet ends with the loop.
func TestShutdownOfADial(t *testing.T) {
	l := newTestLoop(t, Options{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	defer ln.Close()
	var conn *Conn
	calls := *l.calls
	early := false
	real := calls.Shutdown
	calls.Shutdown = func(fd, how int) error { early = early || conn.state&connecting != 0; return real(fd, how) }
	l.calls = &calls
	l.Dial("tcp", ln.Addr().String(), func(c *Conn) Handler { conn = c; c.CloseWrite(); return &hooks{} })
	for range 5 {
		l.Poll(time.Millisecond)
	}
	if early {
		t.Fatal("shutdown(2) of a socket that is still connecting, which resets it unless it is on this host")
	}
}

// What was staged when a callback called Goexit reaches no other connection.
func TestGoexitLeavesNothingStaged(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 1}))
	if err != nil {
		t.Fatal(err)
	}
	l := s.loops[0]
	a, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	b, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	defer unix.Close(a[1])
	defer unix.Close(b[1])
	l.Adopt(a[0], func(*Conn) Handler {
		return HandlerFunc(func(c *Conn, d []byte, _ bool) error {
			c.PushString("secret of a")
			l.Adopt(b[0], func(*Conn) Handler { return &hooks{} })
			runtime.Goexit()
			return nil
		})
	})
	unix.Write(a[1], []byte("x"))
	s.Run(t.Context())
	buf := make([]byte, 100)
	n, _, _ := unix.Recvfrom(b[1], buf, unix.MSG_DONTWAIT)
	if n > 0 {
		t.Fatalf("b got %q", buf[:n])
	}
}

// A connection that was suspended at Shutdown answers what it was sent before.
func TestSuspendedAtShutdown(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got []string
	var resume func(func(*Conn)) error
	h := &hooks{}
	h.receive = func(c *Conn, d []byte, _ bool) error {
		got = append(got, string(d))
		if len(got) == 1 {
			resume = c.Suspend()
		}
		return nil
	}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	peer.WriteString("a\n")
	poll(t, l, func() bool { return len(got) == 1 })
	peer.WriteString("b\n") // sent before the shutdown, in the kernel
	l.beginQuit(0)
	rounds(t, l, 3)
	resume(nil)
	rounds(t, l, 5)
	if len(got) != 2 {
		t.Fatalf("what was sent before the shutdown is not answered: %q", got)
	}
	_ = time.Second
}

// A loop without connections that ends accepts what the kernel has queued, though no event has told it yet.
func TestBacklogOfAnIdleLoop(t *testing.T) {
	l, err := NewLoop(quiet(Options{DrainTimeout: 2 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	calls := *l.calls
	calls.EpollCtl = func(int, int, int, *unix.EpollEvent) unix.Errno { return 0 } // nothing but the eventfd makes events
	l.calls = &calls
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { c.SetTerminator(match.CRLF); return HandlerFunc(echoLine) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- l.Run(ctx) }()
	nc := dial(t, ln.Addr().String())
	io.WriteString(nc, "hello\r\n")
	begun := make(chan struct{})
	if err := l.Post(func() { close(begun) }); err != nil {
		t.Fatal(err)
	}
	wait(t, begun)
	cancel()
	expect(t, nc, "hello\r\n")
	if err := wait(t, ran); err != nil {
		t.Fatal(err)
	}
}
