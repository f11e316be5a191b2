package main

import (
	"bufio"
	"runtime"
	"testing"
)

// Nothing is allocated for a message in the steady state.
func TestMessagesAllocateNothing(t *testing.T) {
	reply := []byte(dated(0))
	http := lines(func(w *bufio.Writer, line []byte, _ int) { // requests would allocate
		if len(line) == len(crlf) {
			_, _ = w.Write(reply)
		}
	})
	for name, tc := range map[string]struct {
		addr string
		args []string
	}{
		"echo":      {serve(t, echo), []string{"-conns", "4"}},
		"line":      {serve(t, lines(sameLine)), []string{"-mode", "line", "-conns", "2", "-depth", "64"}},
		"stream":    {serve(t, echo), []string{"-mode", "stream"}},
		"open loop": {serve(t, echo), []string{"-rate", "20000", "-conns", "4"}},
		"http":      {serve(t, http), []string{"-mode", "http", "-depth", "4"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := parsed(t, patience, append(tc.args, "-addr", tc.addr)...)
			s, err := newStopper()
			if err != nil {
				t.Fatal(err)
			}
			l, err := newLoad(o, s.fd)
			if err != nil {
				t.Fatal(err)
			}
			if n := steady(t, l); n > enough/10 {
				t.Errorf("%d allocations in %d messages", n, enough)
			}
			if err := l.close(); err != nil {
				t.Error(err)
			}
			if err := s.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// enough is how many messages are to show it: the runtime itself may allocate a little meanwhile.
const enough = 500

// steady returns how much is allocated, in all of this process, while a load that runs steadily has enough answered.
func steady(t *testing.T, l *load) (allocations uint64) {
	t.Helper()
	if err := l.openAll(); err != nil {
		t.Fatal(err)
	}
	if err := l.warmUp(); err != nil {
		t.Fatal(err)
	}
	l.measured = 0
	goal := l.answered + enough
	done := func() bool { return l.answered >= goal }
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := l.run(l.clock()+int64(l.options.limits.silence), done); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if !done() {
		t.Fatalf("only %d messages were answered", l.answered)
	}
	return after.Mallocs - before.Mallocs
}
