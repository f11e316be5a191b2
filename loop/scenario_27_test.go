//go:build linux

package loop

import (
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/match"
)

// The kernel's queue holds 4,096, and all that is dialled has to fit.
var floodDials = flag.Int("flood-dials", 400,
	"dials that stand in the queue of TestScenario27ShutdownUnderAFlood, and as many behind them; at most 2,000")

// How a dial of the flood ended.
const (
	served   = iota // with the whole reply, and then the end of the stream
	goodbye         // with the end of the stream in order: it was accepted, and the request had not come by then
	wasReset        // connected, and then reset: it came to a socket that was closing
	refused         // not connected
	outcomes
)

// flood is many clients, and what came of them.
type flood struct {
	t       *testing.T
	addr    string
	began   atomic.Bool // Shutdown was called
	count   [outcomes]atomic.Int64
	owed    atomic.Int64 // connected, and the request sent, before that
	clients sync.WaitGroup
}

// dial is one of them: it sends a request, and owes that an answer if Shutdown had not been called by then. It calls sent
// when it has, or cannot.
func (f *flood) dial(sent func()) {
	defer sent()
	nc, err := net.Dial("tcp", f.addr)
	if err != nil {
		if !errors.Is(err, unix.ECONNREFUSED) && !errors.Is(err, unix.ECONNRESET) {
			f.t.Errorf("a dial has no clear end: %v", err)
		}
		f.count[refused].Add(1)
		return
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(30 * time.Second))
	_, err = io.WriteString(nc, "hello\n")
	owed := err == nil && !f.began.Load()
	if owed {
		f.owed.Add(1)
	}
	sent()
	var answer []byte
	if err == nil {
		answer, err = io.ReadAll(nc)
	}
	switch {
	case err == nil && string(answer) == "hello":
		f.count[served].Add(1)
	case owed:
		f.t.Errorf("a connection that stood in the queue before Shutdown ends with %q, %v", answer, err)
	case err == nil && len(answer) == 0:
		f.count[goodbye].Add(1)
	case !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, unix.EPIPE):
		f.t.Errorf("a connection has no clear end: %q, %v", answer, err)
	default:
		f.count[wasReset].Add(1)
	}
}

// flood dials one after the other, without waiting for answers, until it is refused.
func (f *flood) flood() {
	for range *floodDials / 4 {
		if f.count[refused].Load() > 0 {
			return
		}
		sent := make(chan struct{})
		f.clients.Go(func() { f.dial(sync.OnceFunc(func() { close(sent) })) })
		<-sent
	}
}

// Scenario 27: a server shuts down with a long queue of connections that it has not accepted, and under a flood of
// further dials. All that stood in the queue are served; of the rest each is served, told the end, refused or reset,
// and none is left without an end.
func TestScenario27ShutdownUnderAFlood(t *testing.T) {
	for name, o := range map[string]Options{
		"one loop":           {Loops: 1},
		"a budget of one":    {Loops: 1, AcceptBudget: 1},
		"a listener a loop":  {Loops: 2},
		"one accepts for it": {Loops: 2, Balance: RoundRobin},
	} {
		t.Run(name, func(t *testing.T) { shutdownUnderAFlood(t, o) })
	}
}

func shutdownUnderAFlood(t *testing.T, o Options) {
	s, err := NewSet(quiet(o))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := s.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		c.SetTerminator(match.LF)
		return HandlerFunc(func(c *Conn, line []byte, found bool) error {
			if !found {
				return nil
			}
			return c.Push(line)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	release := blockLoops(t, s)
	f := &flood{t: t, addr: ln.Addr().String()}
	var queued sync.WaitGroup
	for range *floodDials {
		queued.Add(1)
		f.clients.Go(func() { f.dial(sync.OnceFunc(queued.Done)) })
	}
	queued.Wait() // the loops accept nothing: all of them stand in the queue
	for range 4 {
		f.clients.Go(f.flood)
	}
	f.began.Store(true)
	shut := make(chan error, 1)
	go func() { shut <- s.Shutdown(context.Background()) }()
	close(release)
	f.clients.Wait()
	if err := errors.Join(wait(t, shut), wait(t, done)); err != nil {
		t.Error(err)
	}
	if n := f.owed.Load(); n < int64(*floodDials) {
		t.Errorf("%d of %d stood in the queue", n, *floodDials)
	}
	st := s.Stats()
	if st.Opened != st.Closed || st.Opened < uint64(f.count[served].Load()) {
		t.Errorf("%d opened, %d closed", st.Opened, st.Closed)
	}
	t.Logf("%d served, %d told the end, %d reset, %d refused", f.count[served].Load(), f.count[goodbye].Load(),
		f.count[wasReset].Load(), f.count[refused].Load())
}

// blockLoops has every loop wait in a callback until release is closed.
func blockLoops(t *testing.T, s *Set) (release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	blocked := make(chan struct{})
	for _, l := range s.loops {
		if err := l.Post(func() { blocked <- struct{}{}; <-release }); err != nil {
			t.Fatal(err)
		}
	}
	for range s.loops {
		wait(t, blocked)
	}
	return release
}

// Scenario 27, the moment of closing: a listener that has accepted all refuses who comes then, though its descriptor is
// closed later in the turn only; else these would be taken by the kernel, and reset.
func TestScenario27RefusesBeforeItCloses(t *testing.T) {
	for _, address := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", "@" + t.Name()}} {
		calls, listener := sys.System(), -1
		accept, closing := calls.Accept, calls.Close
		calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, unix.Errno) {
			listener = fd
			return accept(fd, from)
		}
		var addr net.Addr
		var late error
		tried := false
		calls.Close = func(fd int) error {
			if fd == listener {
				var nc net.Conn
				if nc, late = net.Dial(addr.Network(), addr.String()); late == nil {
					_ = nc.Close()
				}
				tried = true
			}
			return closing(fd)
		}
		l := newTestLoop(t, Options{calls: calls})
		ln, err := l.Listen(address[0], address[1], func(*Conn) Handler { return &hooks{} })
		if err != nil {
			t.Fatal(err)
		}
		addr = ln.Addr()
		l.beginQuit(0)
		poll(t, l, func() bool { return tried })
		if !errors.Is(late, unix.ECONNREFUSED) {
			t.Errorf("%v: a dial behind the last accept ends with %v", addr, late)
		}
	}
}
