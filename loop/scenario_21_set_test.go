//go:build linux

package loop

import (
	"context"
	"io"
	"sync/atomic"
	"testing"

	"github.com/millrace-net/millrace/match"
)

// Scenario 21, the end of a set: a callback may ask for it, in every way that does not wait for the callback itself. The
// set ends, and its connections have one Closed each.
func TestScenario21EndOfASetInACallback(t *testing.T) {
	for name, end := range map[string]func(s *Set){
		"Shutdown elsewhere":  func(s *Set) { go func() { _ = s.Shutdown(context.Background()) }() },
		"Shutdown, bounded":   func(s *Set) { _ = s.Shutdown(expired()) },
		"Close":               func(s *Set) { _ = s.Close() },
		"Close and Shutdown":  func(s *Set) { _ = s.Close(); _ = s.Shutdown(expired()) },
		"Close of its loop":   func(s *Set) { _ = s.loops[0].Close(); _ = s.Shutdown(expired()) },
		"of the loop's conns": func(s *Set) { s.loops[0].CloseAll(io.ErrNoProgress); _ = s.Shutdown(expired()) },
	} {
		for _, where := range []string{"factory", "opened", "receive", "readClosed", "closed", "post", "timer"} {
			t.Run(name+" in "+where, func(t *testing.T) { endSetIn(t, where, end) })
		}
	}
}

// expired is a context that waits for nothing.
func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// endSetIn has a callback end the set.
func endSetIn(t *testing.T, where string, end func(s *Set)) {
	s, err := NewSet(quiet(Options{Loops: 1}))
	if err != nil {
		t.Fatal(err)
	}
	var opened, closed atomic.Int32
	in := func(at string) {
		if at == where {
			end(s)
		}
	}
	h := &halfCloser{hooks{
		opened:     func(c *Conn) error { opened.Add(1); in("opened"); return c.Loop().Post(func() { in("post") }) },
		receive:    func(*Conn, []byte, bool) error { in("receive"); return nil },
		readClosed: func(c *Conn) error { in("readClosed"); c.Close(); return nil },
		closed:     func(*Conn, error) { closed.Add(1); in("closed") },
	}}
	ln, err := s.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		c.SetTerminator(match.LF)
		c.Loop().After(0, func() { in("timer") })
		in("factory")
		return h
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	nc := dial(t, ln.Addr().String())
	_, _ = io.WriteString(nc, "x\n")
	_ = nc.CloseWrite()
	if err := wait(t, done); err != nil {
		t.Error(err)
	}
	if opened.Load() > 1 || closed.Load() != 1 {
		t.Errorf("%d times opened, %d times closed", opened.Load(), closed.Load())
	}
}
