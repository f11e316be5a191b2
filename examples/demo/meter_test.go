//go:build linux

package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace-net/millrace/loop"
)

func TestMeter(t *testing.T) {
	start := time.Unix(1000, 0)
	m := meter{at: start}
	for i, step := range []struct {
		after time.Duration // since start
		stats loop.Stats
		want  string // "" for silence
	}{
		{1 * time.Second, loop.Stats{}, ""},
		{2 * time.Second, loop.Stats{Conns: 2, Opened: 3, Closed: 1, Elements: 10, BytesIn: 5e6, BytesOut: 7e3},
			"     2 conns        3 opened/s         10 elements/s     5.000 MB/s in     0.007 MB/s out"},
		{3 * time.Second, loop.Stats{Conns: 2, Opened: 3, Closed: 1, Elements: 10, BytesIn: 5e6, BytesOut: 7e3, Turns: 9}, ""},
		{5 * time.Second, loop.Stats{Conns: 2, Opened: 3, Closed: 1, Elements: 30, BytesIn: 9e6, BytesOut: 7e3},
			"     2 conns        0 opened/s         10 elements/s     2.000 MB/s in     0.000 MB/s out"},
		// One loop did not answer, and then it did: its second is not lost.
		{6 * time.Second, loop.Stats{Conns: 1, Opened: 3, Closed: 1, Elements: 30, BytesIn: 1e6, BytesOut: 9e3}, ""},
		{7 * time.Second, loop.Stats{Conns: 0, Opened: 3, Closed: 3, Elements: 34, BytesIn: 9e6, BytesOut: 1e6 + 7e3},
			"     0 conns        0 opened/s          2 elements/s     0.000 MB/s in     0.500 MB/s out"},
		{7 * time.Second, loop.Stats{Opened: 4, Closed: 4, Elements: 34, BytesIn: 9e6, BytesOut: 2e6}, ""},
	} {
		before := m
		line, ok := m.next(step.stats, start.Add(step.after))
		if line != step.want || ok != (step.want != "") {
			t.Errorf("step %d: %q, want %q", i, line, step.want)
		}
		if err := m.check(before); err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
}

// A second of traffic.
func Example() {
	m := meter{at: time.Unix(0, 0)}
	fmt.Println(m.next(loop.Stats{Conns: 1, Opened: 1, Elements: 1200, BytesIn: 64e3, BytesOut: 128e3}, time.Unix(1, 0)))
	fmt.Println(m.next(loop.Stats{Conns: 1, Opened: 1, Elements: 1200, BytesIn: 64e3, BytesOut: 128e3}, time.Unix(2, 0)))
	// Output:
	//      1 conns        1 opened/s       1200 elements/s     0.064 MB/s in     0.128 MB/s out true
	//  false
}
