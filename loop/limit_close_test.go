//go:build linux

package loop

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/match"
)

// short is a loop whose accept finds no descriptor while it is to, with three clients that wait to be accepted.
type short struct {
	l      *Loop
	k      *clock
	ln     *Listener
	log    lockedBuffer
	out    bool // of descriptors
	tries  int  // of accept
	opened int
	conns  []net.Conn
}

func newShort(t *testing.T, o Options, network, address string, clients int) *short {
	t.Helper()
	s := &short{out: true}
	o.Logger = slog.New(slog.NewTextHandler(&s.log, nil))
	s.l, s.k = newClockLoop(t, o)
	calls := *s.l.calls
	calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
		if s.tries++; s.out {
			return -1, unix.EMFILE
		}
		return sys.System().Accept(fd, from)
	}
	s.l.calls = &calls
	var err error
	s.ln, err = s.l.Listen(network, address, func(c *Conn) Handler { s.opened++; return &hooks{} })
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, s.l, 2)
	for range clients {
		nc, err := net.Dial(network, s.ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		s.conns = append(s.conns, nc)
	}
	rounds(t, s.l, 2)
	return s
}

// listens tells whether the listener is on its loop still.
func (s *short) listens() bool { return s.l.channelCount() > 0 }

// A listener that is closed while there are no descriptors waits for them, and then accepts what was queued.
func TestCloseWaitsForDescriptors(t *testing.T) {
	s := newShort(t, Options{}, "tcp", "127.0.0.1:0", 3)
	s.ln.Close()
	s.k.pass(t, 4*time.Second)
	if !s.listens() || s.opened != 0 {
		t.Fatalf("it listens: %t, and has accepted %d", s.listens(), s.opened)
	}
	s.out = false
	s.k.pass(t, time.Second)
	if s.listens() || s.opened != 3 {
		t.Fatalf("it listens: %t, and has accepted %d of 3", s.listens(), s.opened)
	}
	if strings.Contains(s.log.String(), "listener closes") {
		t.Fatal(s.log.String())
	}
}

// When DrainTimeout is over it closes in any case, and the log tells how many clients that resets. It has tried with the
// pauses of every listener.
func TestCloseWithoutDescriptors(t *testing.T) {
	for network, want := range map[string]string{"tcp": "reset=3", "unix": "reset=unknown"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = t.TempDir() + "/socket"
			}
			s := newShort(t, Options{}, network, address, 3)
			s.ln.Close()
			before := s.tries
			for range 499 {
				s.k.pass(t, 10*time.Millisecond)
			}
			if !s.listens() {
				t.Fatal("it is closed before DrainTimeout is over")
			}
			s.k.pass(t, 20*time.Millisecond)
			if s.listens() || !strings.Contains(s.log.String(), want) {
				t.Fatalf("it listens: %t:\n%s", s.listens(), s.log.String())
			}
			if n := s.tries - before; n < 10 || n > 20 {
				t.Errorf("accept was tried %d times in 5 s", n)
			}
			for _, nc := range s.conns {
				_ = nc.SetReadDeadline(time.Now().Add(10 * time.Second))
				if _, err := nc.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
					t.Errorf("a client in the queue: %v", err)
				}
			}
			if _, err := os.Stat(address); network == "unix" && err == nil {
				t.Error("the path is left")
			}
		})
	}
}

// Nobody waits for descriptors that nobody needs.
func TestCloseOfAnEmptyQueue(t *testing.T) {
	s := newShort(t, Options{}, "tcp", "127.0.0.1:0", 0)
	s.ln.Close()
	rounds(t, s.l, 2)
	if s.listens() || s.log.String() != "" && strings.Contains(s.log.String(), "listener closes") {
		t.Fatalf("it listens: %t:\n%s", s.listens(), s.log.String())
	}
}

// A loop that quits goes on until its listeners have emptied their queues, or cannot.
func TestQuitWaitsForDescriptors(t *testing.T) {
	for _, comes := range []bool{true, false} {
		s := newShort(t, Options{}, "tcp", "127.0.0.1:0", 3)
		s.l.beginQuit(0)
		rounds(t, s.l, 2)
		s.k.pass(t, 4*time.Second)
		if s.l.ended() {
			t.Fatal("it has ended with three clients in the queue")
		}
		s.out = !comes
		s.k.pass(t, time.Second)
		for _, nc := range s.conns {
			nc.Close()
		}
		rounds(t, s.l, 5)
		if want := map[bool]int{true: 3}[comes]; !s.l.ended() || s.opened != want {
			t.Fatalf("descriptors come: %t; it has ended: %t, and accepted %d", comes, s.l.ended(), s.opened)
		}
	}
}

// Close of the loop ends the wait, and a second Close of the listener changes nothing.
func TestCloseOfALoopThatWaitsForDescriptors(t *testing.T) {
	s := newShort(t, Options{}, "tcp", "127.0.0.1:0", 1)
	s.l.beginQuit(0)
	s.ln.Close()
	s.k.pass(t, time.Second)
	s.l.Close()
	if s.listens() || s.l.drain.quits != 0 {
		t.Fatalf("it listens: %t, %d are to quit", s.listens(), s.l.drain.quits)
	}
}

// A listener that is closed at MaxConns waits for room likewise.
func TestCloseWaitsForRoom(t *testing.T) {
	s := newShort(t, Options{MaxConns: 1}, "tcp", "127.0.0.1:0", 2)
	s.out = false
	s.k.pass(t, time.Second)
	if s.opened != 1 {
		t.Fatalf("%d are open", s.opened)
	}
	s.ln.Close()
	s.k.pass(t, 2*time.Second)
	if !s.listens() {
		t.Fatal("it does not wait")
	}
	s.conns[0].Close()
	s.k.pass(t, time.Second)
	if s.listens() || s.opened != 2 {
		t.Fatalf("it listens: %t, and has accepted %d of 2", s.listens(), s.opened)
	}
}

func init() { children["few-descriptors-close"] = closeWithFewDescriptors }

// closeWithFewDescriptors echoes lines until its standard input ends, may open 40 descriptors, and stops listening when a
// line says so.
func closeWithFewDescriptors() error {
	if err := limitDescriptors(); err != nil {
		return err
	}
	set, err := NewSet(Options{Loops: 1, DrainTimeout: time.Minute, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	var ln *Listener
	ln, err = set.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		c.SetTerminator(match.CRLF)
		return HandlerFunc(func(c *Conn, line []byte, found bool) error {
			if string(line) == "close" {
				ln.Close()
			}
			return echoEnded(c, line, found)
		})
	})
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return set.Run(ctx)
}

// Scenario 27, with 1: a server that has no descriptors left stops listening. Its clients go on, those in the queue are
// accepted as descriptors come free, and then nobody listens.
func TestScenario27CloseWithoutDescriptors(t *testing.T) {
	c := startChild(t, "few-descriptors-close")
	var in, waiting []net.Conn
	for range 60 {
		nc := dial(t, c.addr)
		if len(waiting) == 0 && echoes(nc, 2*time.Second) {
			in = append(in, nc)
		} else {
			waiting = append(waiting, nc)
		}
	}
	_ = in[0].SetDeadline(time.Now().Add(10 * time.Second))
	if !asks(t, in[0], "close\r\n", "close\r\n") || len(waiting) < 20 {
		t.Fatalf("%d wait", len(waiting))
	}
	for i, nc := range in {
		if !echoes(nc, 10*time.Second) {
			t.Errorf("open connection %d does not answer", i)
		}
		nc.Close()
	}
	for i, nc := range waiting {
		_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
		p := make([]byte, 7)
		if i > 0 { // the first has said hello already
			io.WriteString(nc, "hello\r\n")
		}
		if _, err := io.ReadFull(nc, p); err != nil || string(p) != "hello\r\n" {
			t.Errorf("connection %d of those that waited got %q, %v", i, p, err)
		}
		nc.Close()
	}
	for end := time.Now().Add(20 * time.Second); ; {
		nc, err := net.Dial("tcp", c.addr)
		if err != nil {
			break
		}
		nc.Close()
		if time.Now().After(end) {
			t.Fatal("it listens still")
		}
	}
	if log := c.stop(t); strings.Contains(log, "listener closes") || strings.Count(log, "\n") > 60 {
		t.Errorf("the log:\n%s", log)
	}
}
