//go:build linux

package loop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain fails the package if a test leaves a descriptor, a goroutine or a ring's mapping behind.
func TestMain(m *testing.M) {
	runChild()
	// The runtime opens its own epoll with the first file or socket.
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close()
	}
	before := census()
	code := m.Run()
	var after string
	for range 100 {
		if after = census(); after == before {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if code == 0 && after != before {
		fmt.Fprintf(os.Stderr, "leak:\nbefore %s\nafter  %s\n", before, after)
		if fds, err := os.ReadDir("/proc/self/fd"); err == nil {
			for _, fd := range fds {
				target, _ := os.Readlink("/proc/self/fd/" + fd.Name())
				fmt.Fprintf(os.Stderr, "descriptor %s: %s\n", fd.Name(), target)
			}
		}
		buf := make([]byte, 1<<16)
		fmt.Fprintf(os.Stderr, "%s\n", buf[:runtime.Stack(buf, true)])
		code = 1
	}
	os.Exit(code)
}

func census() string {
	runtime.GC() // a file that was dropped is closed by its finalizer
	fds, _ := os.ReadDir("/proc/self/fd")
	maps, _ := os.ReadFile("/proc/self/maps")
	return fmt.Sprintf("%d descriptors, %d goroutines, %d ring mappings",
		len(fds), runtime.NumGoroutine(), strings.Count(string(maps), "millrace-ring"))
}

// hooks is a handler of optional funcs that implements every callback.
type hooks struct {
	receive    func(c *Conn, data []byte, found bool) error
	opened     func(c *Conn) error
	closed     func(c *Conn, cause error)
	readClosed func(c *Conn) error
	drained    func(c *Conn) error
}

func (h *hooks) Receive(c *Conn, data []byte, found bool) error {
	if h.receive == nil {
		return nil
	}
	return h.receive(c, data, found)
}

func (h *hooks) Opened(c *Conn) error {
	if h.opened == nil {
		return nil
	}
	return h.opened(c)
}

func (h *hooks) Closed(c *Conn, cause error) {
	if h.closed != nil {
		h.closed(c, cause)
	}
}

func (h *hooks) Drained(c *Conn) error {
	if h.drained == nil {
		return nil
	}
	return h.drained(c)
}

// halfCloser is hooks with ReadClosed, without which a connection ends with its peer.
type halfCloser struct{ hooks }

func (h *halfCloser) ReadClosed(c *Conn) error { return h.readClosed(c) }

func quiet(o Options) Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return o
}

// newTestLoop is a loop that the test drives with Poll.
func newTestLoop(t testing.TB, o Options) *Loop {
	t.Helper()
	l, err := NewLoop(quiet(o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		if err := l.check(); err != nil {
			t.Error(err)
		}
		if s := l.Stats(); s.Opened != s.Closed || s.Conns != 0 || s.BlockBytes != 0 || s.RingBytes != 0 {
			t.Errorf("not given back: %+v", s)
		}
	})
	return l
}

// poll runs rounds until ok.
func poll(t testing.TB, l *Loop, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if err := l.Poll(10 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if err := l.check(); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing came of it for a minute")
		}
	}
}

// rounds runs n rounds.
func rounds(t testing.TB, l *Loop, n int) {
	t.Helper()
	for range n {
		if err := l.Poll(0); err != nil {
			t.Fatal(err)
		}
		if err := l.check(); err != nil {
			t.Fatal(err)
		}
	}
}

// pair adopts one end of a socket pair and returns the connection and the other end.
func pair(t testing.TB, l *Loop, h Handler, setup func(c *Conn)) (*Conn, *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fds[1], true); err != nil {
		t.Fatal(err)
	}
	peer := os.NewFile(uintptr(fds[1]), "peer")
	t.Cleanup(func() { peer.Close() })
	return adoptOne(t, l, fds[0], h, setup), peer
}

// adoptOne adopts a socket and returns the connection.
func adoptOne(t testing.TB, l *Loop, fd int, h Handler, setup func(c *Conn)) (conn *Conn) {
	t.Helper()
	if err := l.Adopt(fd, func(c *Conn) Handler {
		conn = c
		if setup != nil {
			setup(c)
		}
		return h
	}); err != nil {
		t.Fatal(err)
	}
	poll(t, l, func() bool { return conn != nil })
	return conn
}

// start runs a set until the test ends.
func start(t testing.TB, o Options) *Set {
	t.Helper()
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 2 * time.Second
	}
	s, err := NewSet(quiet(o))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	t.Cleanup(func() {
		s.Close()
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, ErrClosed) { // closed before Run began
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the set does not end")
		}
		if st := s.Stats(); st.Opened != st.Closed || st.Conns != 0 || st.BlockBytes != 0 || st.RingBytes != 0 {
			t.Errorf("not given back: %+v", st)
		}
	})
	return s
}

// serve listens on a free port of 127.0.0.1.
func serve(t testing.TB, s *Set, f Factory) string {
	t.Helper()
	ln, err := s.Listen("tcp", "127.0.0.1:0", f)
	if err != nil {
		t.Fatal(err)
	}
	return ln.Addr().String()
}

func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { nc.Close() })
	return nc.(*net.TCPConn)
}

// wait receives from ch, within bounds.
func wait[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came for 10 s")
		panic("unreachable")
	}
}

func shutdownWrite(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) }

func soon() time.Time { return time.Now().Add(2 * time.Millisecond) }
