//go:build linux

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/millrace-net/millrace/bench/internal/badproxy"
)

// mostFailures is how many failures are told in full.
const mostFailures = 20

// talks are the conversations of one kind of client.
type talks struct {
	all     int // that have ended
	broken  int // of these, such as a fault of the proxy has cut short
	answers int // that were right
	faults  [badproxy.Faults]int
	struck  [badproxy.Faults]int // of the faults, those that have lost something
}

// ledger counts what clients meet. Any goroutine may use it.
//
// Invariant: failed >= len(failures).
type ledger struct {
	mu       sync.Mutex
	kinds    map[string]*talks
	failed   int
	failures []string // the first of them
}

func newLedger() *ledger { return &ledger{kinds: map[string]*talks{}} }

// enter counts a conversation that has ended.
func (l *ledger) enter(kind string, c *conversation, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.kinds[kind]
	if t == nil {
		t = &talks{}
		l.kinds[kind] = t
	}
	t.all++
	t.answers += c.answers
	t.faults[c.plan.Fault]++
	if c.struck {
		t.struck[c.plan.Fault]++
	}
	switch {
	case err == nil:
	case c.struck && !isWrong(err):
		t.broken++
	default:
		l.fail(fmt.Sprintf("%s of %s behind %v at %d, struck %v: %v", kind, c.id, c.plan.Fault, c.plan.At, c.struck, err))
	}
}

// failure counts what must not be.
func (l *ledger) failure(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail(fmt.Sprintf(format, args...))
}

func (l *ledger) fail(text string) {
	if l.failed++; len(l.failures) < mostFailures {
		l.failures = append(l.failures, text)
	}
}

// totals sums the kinds, and returns the failures.
func (l *ledger) totals() (sum talks, failed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.kinds {
		sum.all += t.all
		sum.broken += t.broken
		sum.answers += t.answers
		for f := range badproxy.Faults {
			sum.faults[f] += t.faults[f]
			sum.struck[f] += t.struck[f]
		}
	}
	return sum, l.failed
}

// write tells of each kind.
func (l *ledger) write(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(w, "# %-14s %9s %9s %9s", "client", "talks", "answers", "broken")
	for f := range badproxy.Faults {
		fmt.Fprintf(w, " %11v", f)
	}
	fmt.Fprintln(w)
	for _, kind := range slices.Sorted(maps.Keys(l.kinds)) {
		t := l.kinds[kind]
		fmt.Fprintf(w, "# %-14s %9d %9d %9d", kind, t.all, t.answers, t.broken)
		for f := range badproxy.Faults {
			cell := fmt.Sprint(t.faults[f])
			if f.Lossy() {
				cell = fmt.Sprintf("%d/%d", t.struck[f], t.faults[f])
			}
			fmt.Fprintf(w, " %11s", cell)
		}
		fmt.Fprintln(w)
	}
	for _, f := range l.failures {
		fmt.Fprintf(w, "# failure: %s\n", f)
	}
}
