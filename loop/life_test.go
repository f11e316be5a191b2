//go:build linux

package loop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

func TestTimeouts(t *testing.T) {
	const short = 30 * time.Millisecond
	for _, tc := range []struct {
		name string
		o    Options
		send string
		set  func(c *Conn)
		want error
	}{
		{"idle", Options{IdleTimeout: short}, "", nil, ErrIdle},
		{"idle, set", Options{}, "", func(c *Conn) { c.SetIdleTimeout(short) }, ErrIdle},
		{"element", Options{ElementTimeout: short}, "part", nil, ErrElementTimeout},
		{"element, after a whole one", Options{ElementTimeout: short}, "whole\npart", nil, ErrElementTimeout},
		{"element, set", Options{}, "part", func(c *Conn) { c.SetElementTimeout(short) }, ErrElementTimeout},
		{"deadline", Options{}, "x\n", func(c *Conn) { c.SetDeadline(time.Now().Add(short)) }, ErrDeadline},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newTestLoop(t, tc.o)
			var cause error
			h := &hooks{closed: func(c *Conn, err error) { cause = err }}
			begin := time.Now()
			_, peer := pair(t, l, h, func(c *Conn) {
				c.SetTerminator(match.LF)
				if tc.set != nil {
					tc.set(c)
				}
			})
			io.WriteString(peer, tc.send)
			poll(t, l, func() bool { return cause != nil })
			if !errors.Is(cause, tc.want) || time.Since(begin) < short-time.Millisecond {
				t.Fatalf("%v after %v", cause, time.Since(begin))
			}
		})
	}
}

// Traffic keeps the idle timer away, and a finished element the element timer.
func TestTimeoutsMove(t *testing.T) {
	l := newTestLoop(t, Options{IdleTimeout: 80 * time.Millisecond, ElementTimeout: 80 * time.Millisecond})
	var cause error
	h := &hooks{closed: func(c *Conn, err error) { cause = err }}
	c, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF); c.SetDeadline(time.Now()); c.SetDeadline(time.Time{}) })
	calls := *l.calls
	now := calls.Now()
	calls.Now = func() int64 { return now } // a clock that the machine's load does not move
	l.calls = &calls
	for i := range 20 {
		io.WriteString(peer, []string{"be", "gun\n"}[i%2])
		rounds(t, l, 2)
		now += int64(20 * time.Millisecond)
	}
	if cause != nil || c.state&closed != 0 {
		t.Fatal(cause)
	}
}

// A deadline that has passed in a state in which it does not apply must not keep the loop awake.
func TestPassedDeadlinesDoNotSpin(t *testing.T) {
	for name, setup := range map[string]func(c *Conn){
		"an element, while paused": func(c *Conn) { c.Pause() },
		"idle, while closing": func(c *Conn) {
			c.SetIdleTimeout(time.Millisecond)
			c.PushString("x")
			c.CloseWhenDone()
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTestLoop(t, Options{ElementTimeout: 100 * time.Millisecond, DrainTimeout: 10 * time.Second})
			c, peer := pair(t, l, &hooks{}, func(c *Conn) { c.SetTerminator(match.LF) })
			io.WriteString(peer, "part")
			l.Poll(0)
			l.Poll(0)
			c.Post(setup)
			l.Poll(0)
			before := l.Stats().Turns
			for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
				l.Poll(20 * time.Millisecond)
			}
			if turns := l.Stats().Turns - before; turns > 40 || c.state&closed != 0 {
				t.Fatalf("%d turns in 300 ms with nothing to do", turns)
			}
		})
	}
}

func TestTimers(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got transcript
	begin := time.Now()
	stopped := l.After(time.Millisecond, func() { got.add("stopped") })
	var again *Timer
	again = l.After(10*time.Millisecond, func() {
		got.add("again")
		if len(got) < 4 {
			again.Reset(10 * time.Millisecond)
		}
	})
	l.After(5*time.Millisecond, func() { got.add("five") })
	l.After(0, func() { got.add("now") })
	if !stopped.Stop() || stopped.Stop() {
		t.Fatal("Stop")
	}
	poll(t, l, func() bool { return len(got) == 4 })
	if time.Since(begin) < 20*time.Millisecond {
		t.Fatal("too early")
	}
	got.is(t, "now", "five", "again", "again")
}

func TestDial(t *testing.T) {
	s := start(t, Options{Loops: 2})
	addr := serve(t, s, func(c *Conn) Handler { c.SetTerminator(match.CRLF); return HandlerFunc(echoLine) })
	path := filepath.Join(t.TempDir(), "socket")
	if _, err := s.Listen("unix", path, func(c *Conn) Handler { c.SetTerminator(match.CRLF); return HandlerFunc(echoLine) }); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	for _, target := range []struct{ network, address string }{
		{"tcp", addr}, {"tcp4", addr}, {"tcp", "localhost:" + port}, {"unix", path},
	} {
		got := make(chan string, 4)
		err := s.Dial(target.network, target.address, func(c *Conn) Handler {
			c.SetTerminator(match.CRLF)
			c.PushString("early\r\n")
			return &hooks{
				opened: func(c *Conn) error { got <- "opened"; return c.PushString("hello\r\n") },
				receive: func(c *Conn, data []byte, found bool) error {
					got <- string(data)
					if string(data) == "hello" {
						c.CloseWhenDone()
					}
					return nil
				},
				closed: func(c *Conn, cause error) { got <- fmt.Sprint("closed ", cause) },
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"opened", "early", "hello", "closed <nil>"} {
			if v := wait(t, got); v != want {
				t.Fatalf("%v: %q, want %q", target, v, want)
			}
		}
	}
}

func TestDialFails(t *testing.T) {
	s := start(t, Options{Loops: 1, ConnectTimeout: 100 * time.Millisecond})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	refused := ln.Addr().String()
	ln.Close()
	_, port, _ := net.SplitHostPort(refused)
	for _, tc := range []struct {
		network, address string
		want             error
	}{
		{"tcp", refused, unix.ECONNREFUSED},
		{"tcp", "localhost:" + port, unix.ECONNREFUSED},
		{"unix", filepath.Join(t.TempDir(), "absent"), unix.ENOENT},
	} {
		got := make(chan string, 4)
		cause := make(chan error, 1)
		if err := s.Dial(tc.network, tc.address, func(c *Conn) Handler {
			return &hooks{opened: func(c *Conn) error { got <- "opened"; return nil }, closed: func(c *Conn, err error) { cause <- err }}
		}); err != nil {
			t.Fatal(err)
		}
		if err := wait(t, cause); !errors.Is(err, tc.want) || len(got) != 0 {
			t.Fatalf("%v: %v, %d callbacks before", tc, err, len(got))
		}
	}
	for _, bad := range []struct{ network, address string }{
		{"udp", refused}, {"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:port"}, {"unix", ""}, {"unix", strings.Repeat("x", 108)},
	} {
		if err := s.Dial(bad.network, bad.address, nil); !errors.Is(err, ErrOption) {
			t.Fatalf("%v: %v", bad, err)
		}
	}
}

// A connect that is never answered: the seam says EINPROGRESS for a socket that does nothing.
func TestConnectTimeout(t *testing.T) {
	l := newTestLoop(t, Options{ConnectTimeout: 30 * time.Millisecond})
	calls := *l.calls
	calls.Connect = func(fd int, sa unix.Sockaddr) error { return unix.EINPROGRESS }
	// An unconnected socket hangs up at once; so epoll is not told of it.
	calls.EpollCtl = func(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno { return 0 }
	l.calls = &calls
	var cause error
	if err := l.Dial("tcp", "127.0.0.1:1", func(c *Conn) Handler {
		return &hooks{closed: func(c *Conn, err error) { cause = err }}
	}); err != nil {
		t.Fatal(err)
	}
	poll(t, l, func() bool { return cause != nil })
	if !errors.Is(cause, ErrConnectTimeout) {
		t.Fatal(cause)
	}
}

func TestListenFails(t *testing.T) {
	s := start(t, Options{Loops: 2})
	addr := serve(t, s, func(*Conn) Handler { return nil })
	other := start(t, Options{Loops: 2})
	if _, err := other.Listen("tcp", addr, nil); !errors.Is(err, unix.EADDRINUSE) {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "socket")
	if _, err := s.Listen("unix", path, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Listen("unix", path, nil); !errors.Is(err, unix.EADDRINUSE) {
		t.Fatal(err)
	}
	if _, err := s.Listen("tcp", "nowhere", nil); !errors.Is(err, ErrOption) {
		t.Fatal(err)
	}
}

// A path left behind by a process that was killed is replaced, and removed at the end.
func TestUnixPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	s := start(t, Options{Loops: 2})
	ln, err := s.Listen("unix", path, func(c *Conn) Handler { c.SetTerminator(match.CRLF); return HandlerFunc(echoLine) })
	if err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, "x\r\n")
	expect(t, nc, "x\r\n")
	ln.Close()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the path is still there")
		}
	}
}

// A path onto which a successor has renamed its own socket is the successor's, and stays.
func TestUnixPathOfAnother(t *testing.T) {
	dir := t.TempDir()
	for network, listen := range map[string]func(l *Loop, path string) (io.Closer, error){
		"unix": func(l *Loop, path string) (io.Closer, error) { return l.Listen("unix", path, nil) },
		"unixgram": func(l *Loop, path string) (io.Closer, error) {
			pc, err := l.ListenPacket("unixgram", path, PacketHandlerFunc(func(*PacketConn, []byte, Peer) error { return nil }))
			return closerFunc(pc.Close), err
		},
	} {
		for _, replaced := range []bool{true, false} {
			l := newTestLoop(t, Options{})
			path := filepath.Join(dir, network)
			ln, err := listen(l, path)
			if err != nil {
				t.Fatal(err)
			}
			rounds(t, l, 2)
			if replaced {
				if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(path+".new", path); err != nil {
					t.Fatal(err)
				}
			}
			ln.Close()
			poll(t, l, func() bool { return l.channelCount() == 0 })
			if _, err := os.Lstat(path); (err == nil) != replaced {
				t.Errorf("%s, replaced %t: %v", network, replaced, err)
			}
			_ = os.Remove(path)
		}
	}
}

type closerFunc func()

func (f closerFunc) Close() error { f(); return nil }

// A listener that comes to a loop whose connections were closed by force is closed as well, whatever it has in its queue: it does
// not wait for descriptors.
func TestListenBehindForce(t *testing.T) {
	l := newTestLoop(t, Options{DrainTimeout: time.Hour})
	calls := *l.calls
	calls.Accept = func(int, *unix.RawSockaddrAny) (int, syscall.Errno) { return -1, unix.EMFILE }
	l.calls = &calls
	l.force()
	ln, err := l.Listen("tcp", "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	dial(t, ln.Addr().String())
	rounds(t, l, 3)
	if !l.ended() {
		t.Fatalf("%d channels, and %d listeners to be closed", l.channelCount(), l.drain.quits)
	}
}

// A callback may close the set, also one that was never run and is being closed.
func TestSetCloseInCallback(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 2}))
	if err != nil {
		t.Fatal(err)
	}
	closed := 0
	err = s.Dial("tcp", "127.0.0.1:9", func(c *Conn) Handler {
		return &hooks{closed: func(*Conn, error) {
			closed++
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}}
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Close() }()
	if err := wait(t, ended); err != nil || closed != 1 {
		t.Fatalf("%v, closed %d times", err, closed)
	}
	if err := s.Run(context.Background()); err != ErrClosed {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Conns != 0 {
		t.Fatalf("%+v", st)
	}
}

// A handler that pauses until its output has left would never go on if the peer goes first: the connection, which no event
// reaches any more, is closed when DrainTimeout is over. One that goes on before is given what the peer had sent.
func TestPeerGoesWhilePaused(t *testing.T) {
	for name, resumes := range map[string]bool{"stays paused": false, "resumes": true} {
		t.Run(name, func(t *testing.T) {
			l, k := newClockLoop(t, Options{IdleTimeout: -1})
			var c *Conn
			var cause error
			var got []string
			ln, err := l.Listen("tcp", "127.0.0.1:0", func(conn *Conn) Handler {
				c = conn
				c.SetTerminator(match.CRLF)
				return &hooks{
					receive: func(c *Conn, data []byte, _ bool) error {
						if got = append(got, string(data)); len(got) > 1 {
							return nil
						}
						c.Pause()
						return c.Push(make([]byte, 8<<20))
					},
					closed: func(_ *Conn, err error) { cause = err },
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			nc := dial(t, ln.Addr().String())
			feed(t, l, nc, "get\r\n")
			feed(t, l, nc, "more\r\n")
			_ = nc.SetLinger(0)
			nc.Close()
			poll(t, l, func() bool { return c.state&broken != 0 })
			k.pass(t, 4*time.Second)
			if cause != nil || len(got) != 1 {
				t.Fatalf("%v, %q", cause, got)
			}
			if resumes {
				c.Resume()
			}
			k.pass(t, 2*time.Second)
			if !errors.Is(cause, unix.ECONNRESET) && !errors.Is(cause, unix.EPIPE) {
				t.Fatal(cause)
			}
			if resumes != (len(got) > 1) {
				t.Fatalf("%q", got)
			}
		})
	}
}

func TestBalance(t *testing.T) {
	for _, policy := range []Balance{ReusePort, RoundRobin, LeastConns, SourceHash} {
		s := start(t, Options{Loops: 3, Balance: policy})
		loops := make(chan *Loop, 64)
		addr := serve(t, s, func(c *Conn) Handler { return &hooks{opened: func(c *Conn) error { loops <- c.Loop(); return nil }} })
		count := map[*Loop]int{}
		for range 12 {
			dial(t, addr)
			count[wait(t, loops)]++
		}
		switch policy {
		case RoundRobin, LeastConns:
			for l, n := range count {
				if n != 4 || len(count) != 3 {
					t.Fatalf("policy %d: loop %d got %d of 12", policy, l.index, n)
				}
			}
		case SourceHash:
			if len(count) != 1 {
				t.Fatalf("one client met %d loops", len(count))
			}
		}
	}
}

// The factory, every callback, a posted function, a timer and a done function panic, one after the
// other; each time that connection alone closes.
func TestPanics(t *testing.T) {
	for _, where := range []string{"factory", "opened", "receive", "readClosed", "closed", "drained", "done", "post", "onConn", "timer"} {
		t.Run(where, func(t *testing.T) {
			var logged atomic.Int32
			o := Options{Logger: slog.New(&countingLog{n: &logged}), HighWater: 1 << 10, LowWater: 1}
			l := newTestLoop(t, o)
			boom := func(at string) {
				if at == where {
					panic("boom at " + at)
				}
			}
			var cause error
			closedN := 0
			h := &halfCloser{hooks{
				opened: func(c *Conn) error { boom("opened"); return nil },
				receive: func(c *Conn, data []byte, found bool) error {
					boom("receive")
					c.PushOwned(make([]byte, 300<<10), func([]byte) { boom("done") })
					return nil
				},
				readClosed: func(c *Conn) error { boom("readClosed"); c.Close(); return nil },
				drained:    func(c *Conn) error { boom("drained"); return nil },
				closed:     func(c *Conn, err error) { cause = err; closedN++; boom("closed") },
			}}
			_, neighbour := pair(t, l, HandlerFunc(echoLine), func(c *Conn) { c.SetTerminator(match.CRLF) })
			c, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF); boom("factory") })
			io.WriteString(peer, "x\n")
			l.Post(func() { boom("post") })
			c.Post(func(c *Conn) { boom("onConn") })
			l.After(0, func() { boom("timer") })
			rounds(t, l, 3)
			got := &bytes.Buffer{}
			for range 20 {
				readSome(peer, got)
				rounds(t, l, 2)
			}
			closeWrite(t, peer)
			poll(t, l, func() bool { return c.state&mourned != 0 })
			if where == "factory" && closedN != 0 || where != "factory" && closedN != 1 {
				t.Fatalf("Closed was called %d times", closedN)
			}
			isPanic := errors.Is(cause, ErrPanic)
			want := where != "factory" && where != "closed" && where != "post" && where != "timer"
			if isPanic != want || logged.Load() == 0 || l.Stats().Panics != 1 {
				t.Fatalf("cause %v, %d lines logged, %d panics", cause, logged.Load(), l.Stats().Panics)
			}
			var pe *PanicError
			if want && (!errors.As(cause, &pe) || !bytes.Contains(pe.Stack, []byte("TestPanics"))) {
				t.Fatal("the cause does not say where")
			}
			io.WriteString(neighbour, "still here\r\n")
			answer := &bytes.Buffer{}
			poll(t, l, func() bool { readSome(neighbour, answer); return answer.String() == "still here\r\n" })
		})
	}
}

type countingLog struct{ n *atomic.Int32 }

func (c *countingLog) Enabled(context.Context, slog.Level) bool      { return true }
func (c *countingLog) Handle(_ context.Context, r slog.Record) error { c.n.Add(1); return nil }
func (c *countingLog) WithAttrs([]slog.Attr) slog.Handler            { return c }
func (c *countingLog) WithGroup(string) slog.Handler                 { return c }

func TestGoexitEndsTheSet(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 2, DrainTimeout: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- s.Run(context.Background()) }()
	s.Loops()[0].Post(runtime.Goexit)
	if err := wait(t, ran); !errors.Is(err, ErrGoexit) {
		t.Fatal(err)
	}
}

// Descriptors run out in accept: the listener backs off and comes back by itself.
func TestAcceptExhausted(t *testing.T) {
	o := quiet(Options{})
	l := newTestLoop(t, o)
	calls := *l.calls
	accept, fail := calls.Accept, 5
	calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
		if fail > 0 {
			fail--
			return -1, unix.EMFILE
		}
		return accept(fd, from)
	}
	l.calls = &calls
	opened := 0
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { opened++; return &hooks{} })
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		dial(t, ln.Addr().String())
	}
	poll(t, l, func() bool { return opened == 3 })
	if n := l.Stats().AcceptPauses; n != 5 {
		t.Fatalf("%d pauses", n)
	}
}

// At MaxConns the listener pauses; a place that becomes free is taken.
func TestMaxConns(t *testing.T) {
	l := newTestLoop(t, Options{MaxConns: 2})
	var conns []*Conn
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { conns = append(conns, c); return &hooks{} })
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		dial(t, ln.Addr().String())
	}
	poll(t, l, func() bool { return len(conns) == 2 && l.Stats().AcceptPauses > 0 })
	if err := l.Dial("tcp", ln.Addr().String(), nil); !errors.Is(err, ErrTooManyConns) {
		t.Fatal(err)
	}
	conns[0].Close()
	poll(t, l, func() bool { return len(conns) == 3 })
}

// A closes B while B's event waits in the same batch.
func TestStaleEventReachesNobody(t *testing.T) {
	l := newTestLoop(t, Options{})
	var a, b *Conn
	var got transcript
	killer := func(victim **Conn) Handler {
		return &hooks{receive: func(c *Conn, data []byte, found bool) error {
			got.add("one of two")
			(*victim).Close()
			return nil
		}}
	}
	a, peerA := pair(t, l, killer(&b), nil)
	b, peerB := pair(t, l, killer(&a), nil)
	io.WriteString(peerA, "x")
	io.WriteString(peerB, "x")
	if err := l.Poll(time.Second); err != nil {
		t.Fatal(err)
	}
	got.is(t, "one of two")
	if l.Stats().Stale != 1 {
		t.Fatalf("%d stale events", l.Stats().Stale)
	}
}

func TestShutdownFinishesWhatWasBegun(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 1, DrainTimeout: 3 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- s.Run(context.Background()) }()
	addr := serve(t, s, func(c *Conn) Handler { c.SetTerminator(match.CRLF); return HandlerFunc(echoLine) })
	idle, begun := dial(t, addr), dial(t, addr)
	io.WriteString(idle, "a\r\n")
	expect(t, idle, "a\r\n")
	io.WriteString(begun, "a\r\nbeg")
	expect(t, begun, "a\r\n")
	shut := make(chan error, 1)
	go func() { shut <- s.Shutdown(context.Background()) }()
	if rest, err := io.ReadAll(idle); err != nil || len(rest) != 0 {
		t.Fatalf("%q %v", rest, err)
	}
	idle.Close()
	io.WriteString(begun, "un\r\n")
	if rest, err := io.ReadAll(begun); err != nil || string(rest) != "begun\r\n" {
		t.Fatalf("%q %v", rest, err)
	}
	begun.Close()
	if err := wait(t, shut); err != nil {
		t.Fatal(err)
	}
	if err := wait(t, ran); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Fatal("still listening")
	}
	if err := s.Run(context.Background()); err == nil {
		t.Fatal("ran twice")
	}
}

func TestShutdownIsBounded(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 2}))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- s.Run(context.Background()) }()
	causes := make(chan error, 1)
	addr := serve(t, s, func(c *Conn) Handler {
		c.SetTerminator(match.CRLF)
		return &hooks{closed: func(c *Conn, cause error) { causes <- cause }}
	})
	nc := dial(t, addr)
	io.WriteString(nc, "never ended")
	time.Sleep(20 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if err := wait(t, causes); !errors.Is(err, ErrShutdown) {
		t.Fatal(err)
	}
	if err := wait(t, ran); err != nil {
		t.Fatal(err)
	}
}

type quitter struct{ hooks }

func (q *quitter) Quit(c *Conn) error {
	c.PushString("421 closing\r\n")
	c.CloseWhenDone()
	return nil
}

func TestContextEndsRun(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 2}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	addr := serve(t, s, func(c *Conn) Handler { return &quitter{} })
	nc := dial(t, addr)
	time.Sleep(20 * time.Millisecond)
	cancel()
	if rest, err := io.ReadAll(nc); err != nil || string(rest) != "421 closing\r\n" {
		t.Fatalf("%q %v", rest, err)
	}
	nc.Close()
	if err := wait(t, ran); err != nil {
		t.Fatal(err)
	}
}

func TestDetach(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got transcript
	var fd int
	h := &hooks{
		receive: func(c *Conn, data []byte, found bool) error {
			got.add("%s", data)
			c.PushString("upgraded\n")
			return c.Detach(func(n int, rest []byte) { fd = n; got.add("rest %s", rest) })
		},
		closed: func(c *Conn, cause error) { got.add("closed %v", cause) },
	}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	io.WriteString(peer, "upgrade\nbinary\n")
	rounds(t, l, 3)
	got.is(t, "upgrade", "rest binary\n", "closed <nil>")
	expect(t, peer, "upgraded\n")
	unix.Write(fd, []byte("raw"))
	expect(t, peer, "raw")
	unix.Close(fd)
}

// A net.Conn is adopted by a duplicate: closing the original, or the collector's finding it, does no harm.
func TestAdoptConn(t *testing.T) {
	s := start(t, Options{Loops: 1})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	nc := dial(t, ln.Addr().String())
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	remote := nc.LocalAddr().String()
	seen := make(chan string, 1)
	if err := s.Loops()[0].AdoptConn(accepted, func(c *Conn) Handler {
		seen <- c.RemoteAddr().String() + " " + c.LocalAddr().String()
		c.SetTerminator(match.CRLF)
		return HandlerFunc(echoLine)
	}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		runtime.GC()
	}
	io.WriteString(nc, "x\r\n")
	expect(t, nc, "x\r\n")
	if got, want := wait(t, seen), remote+" "+ln.Addr().String(); got != want {
		t.Fatalf("%s, want %s", got, want)
	}
}

type pipeDispatcher struct {
	got   transcript
	limit int
}

func (p *pipeDispatcher) Readable() bool                      { return len(p.got) < p.limit }
func (p *pipeDispatcher) Writable() bool                      { return false }
func (p *pipeDispatcher) HandleWrite(*Channel) error          { return nil }
func (p *pipeDispatcher) HandleClose(_ *Channel, cause error) { p.got.add("closed %v", cause) }
func (p *pipeDispatcher) HandleRead(ch *Channel) error {
	var b [64]byte
	n, err := unix.Read(ch.FD(), b[:])
	if err != nil {
		return err
	}
	if n == 0 {
		return io.EOF
	}
	p.got.add("%s", b[:n])
	return nil
}

func TestDispatcher(t *testing.T) {
	l := newTestLoop(t, Options{})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	d := &pipeDispatcher{limit: 100}
	if _, err := l.Add(int(r.Fd()), d); err != nil {
		t.Fatal(err)
	}
	r.Close() // the channel has its own
	runtime.GC()
	if l.Len() != 1 {
		t.Fatalf("%d channels", l.Len())
	}
	io.WriteString(w, "one")
	rounds(t, l, 2)
	d.limit = 1
	io.WriteString(w, "two")
	rounds(t, l, 3)
	d.got.is(t, "one")
	d.limit = 100
	rounds(t, l, 2)
	w.Close()
	poll(t, l, func() bool { return l.Len() == 0 })
	d.got.is(t, "one", "two", "closed EOF")

	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := l.Add(int(f.Fd()), d); !errors.Is(err, ErrNotPollable) {
		t.Fatal(err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{
		{Loops: -1}, {RingBytes: 1}, {RingBytes: 1 << 30}, {MaxElement: -1}, {HighWater: -1}, {LowWater: 2 << 20},
		{MaxOutput: 1}, {MaxConns: -1}, {AcceptBudget: -1}, {DrainTimeout: -1}, {Balance: 9}, {Oversize: 9}, {Overflow: 9},
	} {
		if _, err := NewSet(o); !errors.Is(err, ErrOption) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// A million idle connections cost 250 bytes each at most: the connection and its slot.
func TestConnSize(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}) + unsafe.Sizeof((*Conn)(nil)); size > 216 {
		t.Fatalf("%d bytes", size)
	}
}

// A state that settle does not look into needs nothing of it: no flag that it acts on, and the interest that epoll has.
func TestCalmStateNeedsNothing(t *testing.T) {
	const acted = closed | blocked | connecting | above | closing | writeClosed | quitting | detaching
	if missing := acted &^ unsettled; missing != 0 {
		t.Errorf("settle acts on %b, which counts as settled", missing)
	}
	for flag := state(1); flag != 0; flag <<= 1 {
		if c := (&Conn{state: flag}); flag&unsettled == 0 && c.wanted() != unix.EPOLLIN {
			t.Errorf("flag %b counts as settled, and wants the events %x", flag, c.wanted())
		}
	}
}

type panicker struct{ pipeDispatcher }

func (p *panicker) HandleRead(*Channel) error { panic("boom") }

// A panic in a dispatcher closes its channel, and nothing else.
func TestDispatcherPanics(t *testing.T) {
	l := newTestLoop(t, Options{})
	_, neighbour := pair(t, l, HandlerFunc(echoLine), func(c *Conn) { c.SetTerminator(match.CRLF) })
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	p := &panicker{pipeDispatcher{limit: 100}}
	if _, err := l.Add(int(r.Fd()), p); err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "x")
	rounds(t, l, 5)
	if len(p.got) != 1 || !strings.Contains(p.got[0], "boom") || l.Len() != 1 || l.Stats().Panics != 1 {
		t.Fatalf("told %q, %d channels, %d panics", p.got, l.Len(), l.Stats().Panics)
	}
	io.WriteString(neighbour, "still here\r\n")
	answer := &bytes.Buffer{}
	poll(t, l, func() bool { readSome(neighbour, answer); return answer.String() == "still here\r\n" })
}

// What a suspended connection is resumed by is taken however much waits for the loop.
func TestResumeOfABusyLoop(t *testing.T) {
	l := newTestLoop(t, Options{MaxPosted: 1})
	c, _ := pair(t, l, &hooks{}, nil)
	resume := c.Suspend()
	l.Post(func() {})
	if err := l.Post(func() {}); !errors.Is(err, ErrOverloaded) {
		t.Fatal(err)
	}
	if err := resume(nil); err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 2)
	if c.Paused() {
		t.Fatal("still suspended")
	}
	c.Close()
	rounds(t, l, 2)
	if err := resume(nil); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

// Every kind of address is listened on, dialled and shown, by loops that are pinned.
func TestAddresses(t *testing.T) {
	s := start(t, Options{Loops: 2, Pin: true})
	for _, tc := range []struct{ listen, dial, network string }{
		{"127.0.0.1:0", "127.0.0.1:", "tcp"}, {"[::1]:0", "[::1]:", "tcp"}, {"[::1]:0", "[::1]:", "tcp6"}, {":0", "127.0.0.1:", "tcp"},
		{":0", "[::1]:", "tcp"}, {":0", "127.0.0.1:", "tcp4"}, {"localhost:0", "localhost:", "tcp"},
	} {
		seen := make(chan string, 1)
		ln, err := s.Listen(tc.network, tc.listen, func(c *Conn) Handler {
			c.SetTerminator(match.CRLF)
			seen <- c.RemoteAddr().String() + " " + c.LocalAddr().String()
			return HandlerFunc(echoLine)
		})
		if err != nil {
			t.Fatalf("%+v: %v", tc, err)
		}
		_, port, err := net.SplitHostPort(ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		nc := dial(t, tc.dial+port)
		io.WriteString(nc, "x\r\n")
		expect(t, nc, "x\r\n")
		if got, want := wait(t, seen), nc.LocalAddr().String()+" "+nc.RemoteAddr().String(); got != want {
			t.Fatalf("%+v: the connection says %s, its peer %s", tc, got, want)
		}
		nc.Close()
		ln.Close()
	}
}
