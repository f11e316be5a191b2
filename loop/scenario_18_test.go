//go:build linux

package loop

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// How many connections TestScenario18ResetStorm resets, and from which seed their places.
var (
	resetStorm = flag.Int("reset-storm", 3000, "connections that TestScenario18ResetStorm resets")
	resetSeed  = flag.Uint64("reset-seed", 1, "seed of the places at which they are reset")
)

// stormed counts what the handlers of a storm saw.
type stormed struct {
	opened atomic.Int64
	mu     sync.Mutex
	causes map[error]int // by what they are, after errors.Is
	wrong  error
}

// note keeps the first thing that went wrong.
func (s *stormed) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrong == nil {
		s.wrong = fmt.Errorf(format, args...)
	}
}

// stormHandler answers numbered lines, and sees that they come in order, once, and between Opened and Closed.
type stormHandler struct {
	of             *stormed
	next           int
	opened, closed bool
}

func (h *stormHandler) Opened(*Conn) error {
	if h.opened || h.closed {
		h.of.note("Opened comes twice, or after Closed")
	}
	h.opened = true
	h.of.opened.Add(1)
	return nil
}

func (h *stormHandler) Receive(c *Conn, line []byte, found bool) error {
	if !h.opened || h.closed {
		h.of.note("Receive before Opened or after Closed")
	}
	if !found {
		return nil // what the reset cut short
	}
	if string(line) != strconv.Itoa(h.next) {
		h.of.note("line %q, want %d", line, h.next)
	}
	h.next++
	return c.Push(make([]byte, 1<<(h.next%15))) // now and then more than the peer's window takes
}

func (h *stormHandler) Closed(_ *Conn, cause error) {
	if !h.opened || h.closed {
		h.of.note("Closed without Opened, or twice")
	}
	h.closed = true
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	for _, known := range []error{unix.ECONNRESET, unix.EPIPE, io.EOF} {
		if errors.Is(cause, known) {
			h.of.causes[known]++
			return
		}
	}
	h.of.causes[cause]++
}

// Scenario 18: clients reset their connections, by close(2) with SO_LINGER 0, at random places of what they send,
// while replies are under way to them. Each connection that was opened is closed once and with the cause, what it was
// delivered is a beginning of what was sent, and the loops serve on.
func TestScenario18ResetStorm(t *testing.T) {
	var stream []byte
	for i := range 300 {
		stream = fmt.Appendf(stream, "%d\r\n", i)
	}
	of := &stormed{causes: map[error]int{}}
	s := start(t, Options{Loops: 2, HighWater: 64 << 10})
	addr := serve(t, s, func(c *Conn) Handler {
		c.SetTerminator(match.CRLF)
		return &stormHandler{of: of}
	})
	var clients sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(*resetStorm))
	for k := range 8 {
		r := rand.New(rand.NewPCG(*resetSeed, uint64(k)))
		clients.Go(func() {
			for left.Add(-1) >= 0 {
				if err := dialAndReset(addr, stream[:r.IntN(len(stream))], r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	for end := time.Now().Add(60 * time.Second); of.ended() < *resetStorm; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d are closed", of.ended(), *resetStorm)
		}
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	if of.wrong != nil || of.opened.Load() != int64(*resetStorm) {
		t.Errorf("%d opened of %d; %v", of.opened.Load(), *resetStorm, of.wrong)
	}
	if n := of.causes[unix.ECONNRESET] + of.causes[unix.EPIPE]; n != *resetStorm {
		t.Errorf("of %d that were reset, Closed had these causes: %v", *resetStorm, of.causes)
	}
	answersLine(t, addr)
}

// ended returns how many connections were closed.
func (s *stormed) ended() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range s.causes {
		n += of
	}
	return n
}

// dialAndReset sends p, reads some of the replies, and resets the connection.
func dialAndReset(addr string, p []byte, r *rand.Rand) error {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := nc.(*net.TCPConn).SetLinger(0); err != nil {
		return err
	}
	_ = nc.SetDeadline(time.Now().Add(30 * time.Second))
	cut := 0
	if len(p) > 0 {
		cut = r.IntN(len(p))
	}
	for _, part := range [][]byte{p[:cut], p[cut:]} {
		if _, err := nc.Write(part); err != nil {
			return err
		}
	}
	if n := r.IntN(3); n > 0 && len(p) > 3 {
		_, err = io.ReadFull(nc, make([]byte, n))
	}
	return err
}

// answersLine sees that a server of numbered lines still serves.
func answersLine(t *testing.T, addr string) {
	t.Helper()
	nc := dial(t, addr)
	if _, err := io.WriteString(nc, "0\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(nc, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
}
