package main

import (
	"strings"
	"testing"
	"time"
)

// fake is a contender that finds what it is told to, and takes so long for one operation.
func fake(op time.Duration, find func(c *searchCase) answer) *contender {
	return &contender{
		name: "fake", task: first, fits: always,
		prepare: func(c *searchCase) (batch, error) {
			return func(n int) (time.Duration, answer, error) { return time.Duration(n) * op, find(c), nil }, nil
		},
	}
}

func right(c *searchCase) answer { return c.expected(first) }

func absentCase(t *testing.T) *searchCase {
	t.Helper()
	cases, _, err := casesOf(absentDrafts()[:1])
	if err != nil {
		t.Fatal(err)
	}
	return cases[0]
}

func TestWrongAnswerEndsTheMeasurement(t *testing.T) {
	c, calls := absentCase(t), 0
	for _, tt := range []struct {
		name string
		find func(c *searchCase) answer
	}{
		{"always", func(*searchCase) answer { return 3 }},
		{"blind to a match", func(*searchCase) answer { return absent }},
		{"in a late round", func(c *searchCase) answer {
			if calls++; calls > 5 {
				return 0
			}
			return right(c)
		}},
	} {
		_, err := plan{rounds: 7, batch: 1}.measure(c, []*contender{fake(time.Microsecond, tt.find)})
		if err == nil || !strings.Contains(err.Error(), "absent/CRLF/64B: fake") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestUnsteadyAnswerIsAnError(t *testing.T) {
	n := answer(0)
	if _, _, err := timed(func() answer { n++; return n })(2); err != errUnsteady {
		t.Errorf("error %v", err)
	}
}

func TestBatchesAreCalibrated(t *testing.T) {
	c := absentCase(t)
	for _, tt := range []struct {
		op   time.Duration
		want int
	}{{10 * time.Nanosecond, 300_000}, {time.Microsecond, 3000}, {2 * time.Millisecond, 1}, {time.Second, 1}} {
		rows, err := plan{rounds: 3, batch: 3 * time.Millisecond}.measure(c, []*contender{fake(tt.op, right)})
		if err != nil {
			t.Fatal(err)
		}
		if got := rows[0].iterations; got != tt.want {
			t.Errorf("%v an operation: %d iterations, want %d", tt.op, got, tt.want)
		}
		for _, ns := range rows[0].rounds {
			if ns != float64(tt.op) {
				t.Errorf("%v an operation: measured %v ns", tt.op, ns)
			}
		}
		if len(rows[0].rounds) != 3 {
			t.Errorf("%d rounds, want 3", len(rows[0].rounds))
		}
	}
}

func TestContendersTakeTurns(t *testing.T) {
	c := absentCase(t)
	var order []byte
	var entrants []*contender
	for _, name := range []byte("abc") {
		entrants = append(entrants, fake(time.Second, func(c *searchCase) answer {
			order = append(order, name)
			return right(c)
		}))
	}
	if _, err := (plan{rounds: 4, batch: 1}).measure(c, entrants); err != nil {
		t.Fatal(err)
	}
	if got := string(order); !strings.HasSuffix(got, "abcbcacababc") {
		t.Errorf("turns %s, want abc bca cab abc in the end", got)
	}
}
