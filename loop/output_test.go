//go:build linux

package loop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/producer"
)

// Everything that a pipeline of requests is answered with leaves in one write.
func TestRepliesLeaveInOneWrite(t *testing.T) {
	l := newTestLoop(t, Options{})
	_, peer := pair(t, l, HandlerFunc(echoLine), func(c *Conn) { c.SetTerminator(match.CRLF) })
	request := strings.Repeat("a line of text\r\n", 500)
	io.WriteString(peer, request)
	before := l.Stats()
	got := &bytes.Buffer{}
	poll(t, l, func() bool { readSome(peer, got); return got.Len() >= len(request) })
	if got.String() != request {
		t.Fatal("the echo differs")
	}
	if s := l.Stats(); s.Elements-before.Elements != 500 || s.Writes-before.Writes != 1 {
		t.Fatalf("%d elements, %d writes", s.Elements-before.Elements, s.Writes-before.Writes)
	}
}

func echoLine(c *Conn, line []byte, found bool) error {
	if err := c.Push(line); err != nil {
		return err
	}
	return c.Push(match.CRLF.Bytes())
}

// TestPushKinds mixes every kind of push with a socket that takes a random part of each write, and
// compares the stream.
func TestPushKinds(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		o := Options{MaxOutput: 64 << 20, HighWater: 32 << 20}
		l := newTestLoop(t, o)
		faulty := *l.calls
		limit := func(n int) (int, syscall.Errno) {
			switch rng.IntN(4) {
			case 0:
				return -1, unix.EAGAIN // as the raw call does
			case 1:
				return -1, unix.EINTR
			}
			return 1 + rng.IntN(n), 0
		}
		write, writev := l.sys.Calls.Write, l.sys.Calls.Writev
		l.sys.Calls.Write = func(fd int, p []byte) (int, syscall.Errno) {
			n, errno := limit(len(p))
			if errno != 0 {
				return n, errno
			}
			return write(fd, p[:n])
		}
		l.sys.Calls.Writev = func(fd int, iov []unix.Iovec) (int, syscall.Errno) {
			n, errno := limit(len(iov))
			if errno != 0 {
				return n, errno
			}
			return writev(fd, iov[:n])
		}
		l.calls = &faulty
		var want bytes.Buffer
		owned, done := 0, 0
		h := &hooks{receive: func(c *Conn, data []byte, found bool) error {
			for range 1 + rng.IntN(20) {
				p := make([]byte, rng.IntN(1<<rng.IntN(18)))
				for i := range p {
					p[i] = byte(rng.Uint32())
				}
				want.Write(p)
				switch rng.IntN(5) {
				case 0:
					owned++
					c.PushOwned(p, func(q []byte) {
						if len(q) != len(p) {
							t.Error("done got another slice")
						}
						done++
					})
				case 1:
					b, _ := producer.Bytes(p, 1+rng.IntN(5000))
					c.PushProducer(b)
				case 2:
					c.PushProducer(producer.Reader(bytes.NewReader(p), 1+rng.IntN(5000)))
				case 3:
					want.Write(data)
					c.Push(p)
					c.Push(data) // in the ring
				default:
					c.Push(p)
					clear(p) // it is ours again
				}
			}
			return nil
		}}
		_, peer := pair(t, l, h, nil)
		got := &bytes.Buffer{}
		for range 4 {
			peer.Write(bytes.Repeat([]byte("request "), 1000))
			poll(t, l, func() bool { readSome(peer, got); return got.Len() >= want.Len() && want.Len() > 0 })
		}
		if sha256.Sum256(got.Bytes()) != sha256.Sum256(want.Bytes()) {
			t.Fatalf("seed %d: the stream of %d bytes differs from that of %d", seed, got.Len(), want.Len())
		}
		if owned != done {
			t.Fatalf("seed %d: done was called %d times for %d", seed, done, owned)
		}
	}
}

// A stream that is echoed is written from the ring that it was read into.
func TestStreamEchoIsNotCopied(t *testing.T) {
	l := newTestLoop(t, Options{})
	var fromRing bool
	write := l.sys.Calls.Write
	l.sys.Calls.Write = func(fd int, p []byte) (int, syscall.Errno) {
		fromRing = fromRing || &p[0] == &l.space[0]
		return write(fd, p)
	}
	_, peer := pair(t, l, HandlerFunc(func(c *Conn, data []byte, found bool) error { return c.Push(data) }),
		func(c *Conn) { c.SetDelivery(Pieces) })
	peer.Write(make([]byte, 8<<10))
	rounds(t, l, 2)
	if !fromRing {
		t.Fatal("the echo was copied")
	}
}

func TestWaterMarks(t *testing.T) {
	l := newTestLoop(t, Options{HighWater: 256 << 10, LowWater: 64 << 10})
	received, drained := 0, 0
	h := &hooks{
		receive: func(c *Conn, data []byte, found bool) error {
			received++
			return c.Push(make([]byte, 100<<10))
		},
		drained: func(c *Conn) error { drained++; return nil },
	}
	c, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	io.WriteString(peer, strings.Repeat("x\n", 100))
	rounds(t, l, 5)
	if received == 100 || c.state&above == 0 || c.events&unix.EPOLLIN != 0 {
		t.Fatalf("%d requests taken, state %b", received, c.state)
	}
	got := &bytes.Buffer{}
	poll(t, l, func() bool { readSome(peer, got); return got.Len() == 100*100<<10 })
	if received != 100 || drained == 0 || c.state&above != 0 {
		t.Fatalf("%d requests taken, %d times drained", received, drained)
	}
}

func TestOverflow(t *testing.T) {
	for _, policy := range []Overflow{CloseOverflow, RefuseOverflow} {
		l := newTestLoop(t, Options{HighWater: 1 << 20, MaxOutput: 1 << 20, Overflow: policy})
		var cause, refused error
		h := &hooks{
			receive: func(c *Conn, data []byte, found bool) error {
				for refused == nil {
					refused = c.Push(make([]byte, 100<<10))
				}
				return nil
			},
			closed: func(c *Conn, err error) { cause = err },
		}
		c, peer := pair(t, l, h, nil)
		io.WriteString(peer, "x")
		rounds(t, l, 3)
		if !errors.Is(refused, ErrOutputFull) {
			t.Fatalf("policy %d: the push answered %v", policy, refused)
		}
		if policy == CloseOverflow != errors.Is(cause, ErrOutputFull) {
			t.Fatalf("policy %d: closed with %v", policy, cause)
		}
		if policy == RefuseOverflow && c.waiting() > 1<<20 {
			t.Fatalf("%d bytes wait", c.waiting())
		}
	}
}

// A blocking reader holds up its connection alone.
func TestBlockingReader(t *testing.T) {
	s := start(t, Options{Loops: 1})
	r, w := io.Pipe()
	defer w.Close()
	addr := serve(t, s, func(c *Conn) Handler {
		c.SetTerminator(match.LF)
		return HandlerFunc(func(c *Conn, data []byte, found bool) error {
			if string(data) == "slow" {
				return c.PushProducer(producer.Reader(r, 0))
			}
			return c.Push(data)
		})
	})
	slow, fast := dial(t, addr), dial(t, addr)
	io.WriteString(slow, "slow\n")
	time.Sleep(20 * time.Millisecond)
	io.WriteString(fast, "quick\n")
	expect(t, fast, "quick")
	for range 3 {
		io.WriteString(w, "at last")
		expect(t, slow, "at last")
	}
}

func expect(t testing.TB, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func TestFileProducer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	content := bytes.Repeat([]byte("0123456789abcdef"), 300<<10)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{Loops: 1})
	addr := serve(t, s, func(c *Conn) Handler {
		return HandlerFunc(func(c *Conn, data []byte, found bool) error {
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			c.PushString("<")
			c.PushProducer(producer.File(f, 0, -1))
			c.PushString(">")
			c.CloseWhenDone()
			return nil
		})
	})
	nc := dial(t, addr)
	io.WriteString(nc, "g")
	got, err := io.ReadAll(nc)
	if err != nil || string(got) != "<"+string(content)+">" {
		t.Fatalf("%d bytes of %d, %v", len(got), len(content)+2, err)
	}
}

// A producer that fails closes the connection: a stream cut short is not passed off as whole.
func TestFailingProducer(t *testing.T) {
	l := newTestLoop(t, Options{})
	oops := errors.New("oops")
	var cause error
	h := &hooks{
		receive: func(c *Conn, data []byte, found bool) error {
			return c.PushProducer(producer.Reader(io.MultiReader(strings.NewReader("half"), failing{oops}), 0))
		},
		closed: func(c *Conn, err error) { cause = err },
	}
	_, peer := pair(t, l, h, nil)
	io.WriteString(peer, "x")
	poll(t, l, func() bool { return cause != nil })
	if !errors.Is(cause, oops) {
		t.Fatal(cause)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// CloseWhenDone delivers the reply although the peer's own input is never read.
func TestCloseWhenDoneLosesNothing(t *testing.T) {
	s := start(t, Options{Loops: 1})
	reply := bytes.Repeat([]byte("reply "), 1<<20)
	causes := make(chan error, 1)
	addr := serve(t, s, func(c *Conn) Handler {
		c.SetTerminator(match.LF)
		return &hooks{
			receive: func(c *Conn, data []byte, found bool) error {
				c.Push(reply)
				c.CloseWhenDone()
				if err := c.Push(reply); !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				return nil
			},
			closed: func(c *Conn, cause error) { causes <- cause },
		}
	})
	nc := dial(t, addr)
	nc.Write(append([]byte("request\n"), make([]byte, 1<<20)...)) // of which only the line is wanted
	time.Sleep(30 * time.Millisecond)
	got, err := io.ReadAll(nc)
	if err != nil || !bytes.Equal(got, reply) {
		t.Fatalf("%d bytes of %d, %v", len(got), len(reply), err)
	}
	nc.Write(make([]byte, 100<<10)) // still taken
	nc.Close()
	if err := wait(t, causes); err != nil {
		t.Fatal(err)
	}
}

// A peer that takes nothing is given up, and Closed says so.
func TestDrainTimeout(t *testing.T) {
	l := newTestLoop(t, Options{DrainTimeout: 50 * time.Millisecond})
	var cause error
	h := &hooks{
		receive: func(c *Conn, data []byte, found bool) error {
			c.Push(make([]byte, 4<<20))
			c.CloseWhenDone()
			return nil
		},
		closed: func(c *Conn, err error) { cause = err },
	}
	_, peer := pair(t, l, h, nil)
	io.WriteString(peer, "x")
	poll(t, l, func() bool { return cause != nil })
	if !errors.Is(cause, ErrDrainTimeout) {
		t.Fatal(cause)
	}
}

// A slow reader that makes progress is not given up.
func TestDrainWaitsForProgress(t *testing.T) {
	l := newTestLoop(t, Options{DrainTimeout: 100 * time.Millisecond})
	var cause error
	ended := false
	const size = 4 << 20
	h := &hooks{
		receive: func(c *Conn, data []byte, found bool) error {
			c.Push(make([]byte, size))
			c.CloseWhenDone()
			return nil
		},
		closed: func(c *Conn, err error) { cause, ended = err, true },
	}
	_, peer := pair(t, l, h, nil)
	io.WriteString(peer, "x")
	got := 0
	begin := time.Now()
	p := make([]byte, 256<<10)
	poll(t, l, func() bool {
		if time.Since(begin) > time.Duration(got/len(p))*30*time.Millisecond {
			peer.SetReadDeadline(time.Now().Add(time.Millisecond))
			n, err := io.ReadFull(peer, p)
			got += n
			if err == io.EOF {
				peer.Close()
			}
		}
		return ended
	})
	if cause != nil || got != size {
		t.Fatalf("%v after %d bytes of %d", cause, got, size)
	}
}

// What arrived before a failed write is delivered before Closed.
func TestWriteFailureDeliversWhatArrived(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got transcript
	h := &hooks{
		receive: func(c *Conn, data []byte, found bool) error { got.add("%s", data); return nil },
		closed:  func(c *Conn, cause error) { got.add("closed %t", errors.Is(cause, unix.EPIPE)) },
	}
	c, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	io.WriteString(peer, "a\nb\nc\n")
	peer.Close()
	c.Post(func(c *Conn) { c.Push([]byte("x")) })
	// The post is handled in the turn in which the input is readable: fail the write first.
	l.enter(c)
	c.Push([]byte("x"))
	c.settle()
	l.leave()
	poll(t, l, func() bool { return len(got) > 0 && strings.HasPrefix(got[len(got)-1], "closed") })
	got.is(t, "a", "b", "c", "closed true")
}

func TestPushAsyncKeepsOrder(t *testing.T) {
	s := start(t, Options{Loops: 2})
	conns := make(chan *Conn, 1)
	addr := serve(t, s, func(c *Conn) Handler {
		return &hooks{opened: func(c *Conn) error { conns <- c; return nil }}
	})
	nc := dial(t, addr)
	c := wait(t, conns)
	var wg sync.WaitGroup
	const writers, lines = 8, 500
	for w := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range lines {
				if err := c.PushAsync(fmt.Appendf(nil, "%d %d\n", w, i)); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	if err := c.Post(func(c *Conn) { c.CloseWhenDone() }); err != nil {
		t.Fatal(err)
	}
	var next [writers]int
	all, err := io.ReadAll(nc)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(strings.ReplaceAll(strings.TrimSpace(string(all)), " ", ":")) {
		var w, i int
		if _, err := fmt.Sscanf(line, "%d:%d", &w, &i); err != nil || next[w] != i {
			t.Fatalf("writer %d: %q, want line %d", w, line, next[w])
		}
		next[w]++
	}
	for w, n := range next {
		if n != lines {
			t.Fatalf("writer %d: %d lines", w, n)
		}
	}
	nc.Close()
	for deadline := time.Now().Add(5 * time.Second); !c.gone.Load() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if err := c.PushAsync([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

// Each post runs or is refused, whatever the moment of the end.
func TestPostsAgainstShutdown(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 1}))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- s.Run(context.Background()) }()
	l := s.Loops()[0]
	var wg sync.WaitGroup
	var mu sync.Mutex
	accepted, done := 0, 0
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				err := l.Post(func() { done++ })
				if errors.Is(err, ErrClosed) {
					return
				}
				if errors.Is(err, ErrOverloaded) {
					time.Sleep(time.Millisecond)
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				accepted++
				mu.Unlock()
			}
		}()
	}
	running := make(chan struct{})
	if err := s.Loops()[0].Post(func() { close(running) }); err != nil {
		t.Fatal(err)
	}
	wait(t, running)
	time.Sleep(30 * time.Millisecond)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if err := wait(t, ran); err != nil {
		t.Fatal(err)
	}
	if accepted != done || done == 0 {
		t.Fatalf("%d accepted, %d ran", accepted, done)
	}
}

func TestUrgent(t *testing.T) {
	s := start(t, Options{Loops: 1})
	got := make(chan byte, 1)
	addr := serve(t, s, func(c *Conn) Handler { return urgentHandler{got} })
	nc := dial(t, addr)
	raw, _ := nc.SyscallConn()
	raw.Control(func(fd uintptr) { unix.Sendto(int(fd), []byte{'!'}, unix.MSG_OOB, nil) })
	if b := wait(t, got); b != '!' {
		t.Fatalf("%q", b)
	}
}

type urgentHandler struct{ got chan byte }

func (u urgentHandler) Receive(*Conn, []byte, bool) error { return nil }
func (u urgentHandler) Urgent(c *Conn, b byte) error      { u.got <- b; return nil }

// An error of a push means that nothing was queued: done is not called, the producer is not closed,
// and under RefuseOverflow the connection goes on.
func TestRefusedPushIsTheCallersStill(t *testing.T) {
	for _, policy := range []Overflow{CloseOverflow, RefuseOverflow} {
		l := newTestLoop(t, Options{HighWater: 64 << 10, MaxOutput: 64 << 10, Overflow: policy})
		var cause error
		done, closed := 0, &closeCounter{}
		c, _ := pair(t, l, &hooks{closed: func(c *Conn, err error) { cause = err }}, nil)
		c.Post(func(c *Conn) {
			for c.state&blocked == 0 { // until the socket is full
				c.Push(make([]byte, 32<<10))
				c.flush()
			}
			if err := c.PushOwned(make([]byte, 1<<20), func([]byte) { done++ }); !errors.Is(err, ErrOutputFull) {
				t.Errorf("policy %d: %v", policy, err)
			}
			if err := c.PushProducer(closed); policy == CloseOverflow && !errors.Is(err, ErrClosed) {
				t.Errorf("policy %d: %v", policy, err)
			}
		})
		rounds(t, l, 3)
		if done != 0 || policy == CloseOverflow && closed.n != 0 {
			t.Fatalf("policy %d: done was called %d times, Close %d times", policy, done, closed.n)
		}
		if (policy == CloseOverflow) != errors.Is(cause, ErrOutputFull) {
			t.Fatalf("policy %d: closed with %v", policy, cause)
		}
	}
}

type closeCounter struct{ n int }

func (p *closeCounter) More() ([]byte, error) { return nil, producer.ErrNotReady }
func (p *closeCounter) Close() error          { p.n++; return nil }

// Pushes of every size up to the cap are either taken or refused; none closes the connection.
func TestRefuseOverflowNeverCloses(t *testing.T) {
	for size := 1; size <= 128<<10; size = size*3 + 1 {
		l := newTestLoop(t, Options{HighWater: 128 << 10, MaxOutput: 128 << 10, Overflow: RefuseOverflow})
		c, _ := pair(t, l, &hooks{}, nil)
		refused := false
		for i := 0; i < 1<<20 && !refused; i++ {
			c.Post(func(c *Conn) { refused = c.Push(make([]byte, size)) != nil })
			if i%64 == 0 || size > 1000 {
				rounds(t, l, 1)
			}
		}
		if !refused || c.state&closed != 0 {
			t.Fatalf("pushes of %d bytes: refused %t, state %b", size, refused, c.state)
		}
	}
}
