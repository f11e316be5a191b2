//go:build linux

package loop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-net/millrace/match"
)

// watched is a watchdog with a limit of a second, of loops that have a pulse and no more, and what it has told.
func watched(n int, o Options) (w *watchdog, told *[]*Loop) {
	told = new([]*Loop)
	o.StallTimeout = time.Second
	if o.Stalled == nil {
		o.Stalled = func(l *Loop, d time.Duration) { *told = append(*told, l) }
	}
	loops := make([]*Loop, n)
	for i := range loops {
		loops[i] = &Loop{index: i}
	}
	return newWatchdog(quiet(o), loops), told
}

// A turn is told of once, when it has been seen for the limit and is not over; a loop that sleeps never is.
func TestWatchdogLooks(t *testing.T) {
	w, told := watched(3, Options{})
	busy, stuck := w.loops[1], w.loops[2]
	now := time.Now()
	at := func(d time.Duration, want ...*Loop) {
		t.Helper()
		*told = nil
		busy.pulse.sleep()
		busy.pulse.beat()
		if w.look(now.Add(d)); !slices.Equal(*told, want) {
			t.Fatalf("after %v, %d loops are told of, not %d", d, len(*told), len(want))
		}
	}
	stuck.pulse.beat()
	at(0)
	at(500 * time.Millisecond)
	at(999 * time.Millisecond)
	at(1000*time.Millisecond, stuck)
	at(1500 * time.Millisecond)
	at(2500 * time.Millisecond)
	stuck.pulse.sleep()
	at(3 * time.Second)
	at(4 * time.Second)
	at(5 * time.Second)
	stuck.pulse.beat()
	at(5500 * time.Millisecond)
	stuck.pulse.beat() // it has not slept, and is in another turn
	at(6 * time.Second)
	at(6500 * time.Millisecond)
	at(7*time.Second, stuck)
	if a, b, c := w.loops[0].pulse.stalls.Load(), busy.pulse.stalls.Load(), stuck.pulse.stalls.Load(); a != 0 || b != 0 || c != 2 {
		t.Fatalf("%d, %d and %d stalls are counted", a, b, c)
	}
}

// A watchdog that was itself kept from running blames nobody.
func TestWatchdogLate(t *testing.T) {
	w, told := watched(1, Options{})
	w.loops[0].pulse.beat()
	now := time.Now()
	w.look(now)
	w.look(now.Add(time.Minute))
	w.look(now.Add(time.Minute + 500*time.Millisecond))
	if len(*told) != 0 {
		t.Fatal("told, after one look in a minute")
	}
	if w.look(now.Add(time.Minute + time.Second)); len(*told) != 1 {
		t.Fatal("not told")
	}
}

// A limit that is shorter than the time between two looks is one all the same: each look came later than that.
func TestWatchdogOfAShortLimit(t *testing.T) {
	w, told := watched(1, Options{})
	w.opts.StallTimeout = time.Microsecond
	w.loops[0].pulse.beat()
	now := time.Now()
	for range 3 {
		w.look(now)
		now = now.Add(w.every() + w.every()/10)
	}
	if len(*told) != 1 {
		t.Fatalf("told %d times", len(*told))
	}
}

// While all loops sleep the watchdog does, with no timer; the first that wakes rings, whoever was parked besides.
func TestWatchdogParks(t *testing.T) {
	w, _ := watched(2, Options{})
	a, b := &w.loops[0].pulse, &w.loops[1].pulse
	a.beat()
	if w.park() {
		t.Fatal("parked beside a loop in its turn")
	}
	a.sleep()
	if !w.park() || a.state.Load() != parked || b.state.Load() != parked {
		t.Fatal("not parked, or a loop is not asked to ring")
	}
	for _, p := range []*pulse{a, b, b} {
		p.beat() // not even the second one waits
	}
	select {
	case <-w.bell:
	default:
		t.Fatal("no ring")
	}
	if w.park() {
		t.Fatal("parked with two loops awake")
	}
}

// A loop that was parked before it ran rings when it does.
func TestWatchdogParksBeforeRun(t *testing.T) {
	l, err := NewLoop(quiet(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	w := newWatchdog(l.opts, []*Loop{l})
	if !w.park() {
		t.Fatal("not parked")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.run(ctx, false) }()
	wait(t, w.bell)
	cancel()
	if err := wait(t, done); err != nil {
		t.Fatal(err)
	}
}

// The goroutine parks when its loops sleep, comes back when one wakes, and parks again; it ends at once, parked or not.
func TestWatchdogRuns(t *testing.T) {
	told := make(chan *Loop, 1)
	w, _ := watched(1, Options{Stalled: func(l *Loop, d time.Duration) { told <- l }})
	w.opts.StallTimeout = 10 * time.Millisecond
	go w.run()
	p := &w.loops[0].pulse
	for range 3 {
		await(t, func() bool { return p.state.Load() == parked })
		p.beat()
		wait(t, told)
		p.sleep()
	}
	await(t, func() bool { return p.state.Load() == parked })
	close(w.stop)
	wait(t, w.ended)
}

// await waits until ok.
func await(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("nothing came of it for 10 s")
		}
	}
}

// lockedBuffer is what several goroutines log to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// stall is a loop that was told of.
type stall struct {
	l *Loop
	d time.Duration
}

// blockUntilTold is a name to be found in a stack.
//
//go:noinline
func blockUntilTold(told <-chan struct{}) { <-told }

// Scenario 31: a callback that blocks its loop is told of while it blocks, once, with the loop, the time and the stack;
// the other loop of the set goes on and is not told of.
func TestScenario31WatchdogReportsABlockedLoop(t *testing.T) {
	var log lockedBuffer
	stalls := make(chan stall, 100)
	s := start(t, Options{Loops: 2, StallTimeout: 100 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Stalled: func(l *Loop, d time.Duration) { stalls <- stall{l, d} }})
	blocked, other := s.loops[0], s.loops[1]
	var first *Loop
	for range 3 {
		await(t, func() bool { return blocked.pulse.state.Load() == parked && other.pulse.state.Load() == parked })
		release := make(chan struct{})
		ended := make(chan struct{})
		if err := blocked.Post(func() { blockUntilTold(release); close(ended) }); err != nil {
			t.Fatal(err)
		}
		for told := (stall{}); told.l != blocked; { // on a machine that does not keep up, any loop may be late
			if told = wait(t, stalls); told.d < 100*time.Millisecond {
				t.Errorf("told of after %v", told.d)
			}
			if first == nil {
				first = told.l
			}
		}
		answer := make(chan struct{})
		other.Post(func() { close(answer) })
		wait(t, answer)
		close(release)
		wait(t, ended)
	}
	if st, ok := blocked.ask(); !ok || st.Stalls < 3 {
		t.Errorf("%d stalls are counted, 3 were", st.Stalls)
	}
	if st := s.Stats(); st.Stalls < 3 {
		t.Errorf("the set has %d stalls", st.Stalls)
	}
	lines := strings.Count(log.String(), "blocks a loop")
	if lines != 1 || first == blocked && !strings.Contains(log.String(), "blockUntilTold") {
		t.Errorf("%d lines of log in less than a minute, not one with the stack:\n%s", lines, log.String())
	}
}

// answered counts the answers of each of some neighbours.
type answered [8]atomic.Int64

// wait waits until all have been answered so many times more, and for a least time.
func (a *answered) wait(more int64, least time.Duration) {
	var since [len(a)]int64
	for i := range a {
		since[i] = a[i].Load()
	}
	begin := time.Now()
	for i := range a {
		for a[i].Load() < since[i]+more {
			time.Sleep(time.Millisecond)
		}
	}
	time.Sleep(least - time.Since(begin))
}

// Scenario 31: handlers that work on other goroutines, by Suspend, do not keep their neighbours waiting: each of them works
// until all neighbours have been answered 200 times more, and for 100 ms at the least.
func TestScenario31NeighboursOfSuspendedWork(t *testing.T) {
	s := start(t, Options{Loops: 1})
	var done answered
	addr := serve(t, s, func(c *Conn) Handler {
		c.SetTerminator(match.LF)
		return HandlerFunc(func(c *Conn, line []byte, found bool) error {
			if string(line) != "work" {
				return c.PushString("pong\n")
			}
			resume := c.Suspend()
			go func() {
				done.wait(200, 100*time.Millisecond)
				_ = resume(func(c *Conn) { c.PushString("worked\n") })
			}()
			return nil
		})
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var pinging, working sync.WaitGroup
	var slowest [len(done)]time.Duration
	for i := range done {
		nc := dial(t, addr)
		pinging.Go(func() {
			for ; ctx.Err() == nil; done[i].Add(1) {
				begin := time.Now()
				if !asks(t, nc, "ping\n", "pong\n") {
					return
				}
				slowest[i] = max(slowest[i], time.Since(begin))
			}
		})
	}
	for range 4 {
		nc := dial(t, addr)
		working.Go(func() { asks(t, nc, "work\n", "worked\n") })
	}
	working.Wait()
	cancel()
	pinging.Wait()
	t.Logf("the slowest answer to each neighbour: %v", slowest)
}

// asks sends a question and tells whether the answer is what it has to be.
func asks(t testing.TB, nc io.ReadWriter, question, answer string) bool {
	p := make([]byte, len(answer))
	io.WriteString(nc, question)
	if _, err := io.ReadFull(nc, p); err != nil || string(p) != answer {
		t.Errorf("%q is answered by %q, %v", question, p, err)
		return false
	}
	return true
}

// A panic in Stalled is logged, and the watchdog goes on; without a watchdog nobody is told, and a Poll has none.
func TestStalledPanics(t *testing.T) {
	var log lockedBuffer
	w, _ := watched(1, Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Stalled: func(*Loop, time.Duration) { panic("boom") }})
	now := time.Now()
	for i := range 3 {
		w.loops[0].pulse.beat()
		for j := range 3 {
			w.look(now.Add(time.Duration(3*i+j) * time.Second / 2))
		}
	}
	if n := strings.Count(log.String(), "boom"); n != 3 || w.loops[0].pulse.stalls.Load() != 3 {
		t.Fatalf("%d panics are logged, %d stalls counted:\n%s", n, w.loops[0].pulse.stalls.Load(), log.String())
	}
}

// Each way of running a loop has its watchdog, whose goroutine has ended when Run returns; what has ended counts as asleep,
// so that the other loops of a set can go on.
func TestWatchdogOfEachRun(t *testing.T) {
	for name, tc := range map[string]struct {
		limit time.Duration
		body  func()
		want  error
	}{
		"default":          {0, func() {}, nil},
		"none":             {-1, func() {}, nil},
		"ended by Goexit":  {0, runtime.Goexit, ErrGoexit},
		"ended in a panic": {0, func() { panic("boom") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := NewLoop(quiet(Options{StallTimeout: tc.limit}))
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Poll(0); err != nil || l.pulse.dog.Load() != nil || l.pulse.turn != 0 {
				t.Fatalf("Poll has a watchdog, or %v", err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() {
				err := ErrGoexit
				defer func() { done <- err }()
				err = l.Run(ctx)
			}()
			var dog *watchdog
			l.Post(func() { dog = l.pulse.dog.Load() })
			l.Post(func() { cancel(); tc.body() })
			if err := wait(t, done); !errors.Is(err, tc.want) {
				t.Fatal(err)
			}
			if (dog == nil) != (tc.limit < 0) || l.pulse.state.Load()&turnBit != 0 {
				t.Fatalf("a watchdog: %t, state %d", dog != nil, l.pulse.state.Load())
			}
			if dog != nil {
				select {
				case <-dog.ended:
				default:
					t.Fatal("Run has returned, and its watchdog runs")
				}
			}
			if err := l.Run(ctx); err != ErrRunning {
				t.Fatal(err)
			}
		})
	}
}
