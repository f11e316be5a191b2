//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/millrace-net/millrace/loop"
)

// meter turns the counts of a set into rates.
//
// Invariant: last is what the set had counted at at, and no count of it ever falls.
type meter struct {
	last loop.Stats
	at   time.Time
}

// next returns the rates since the call before, and false if there was no traffic. Counts that have fallen, since a loop was
// too busy to answer and was left out, are left out in their turn: the next rates are over a longer time.
func (m *meter) next(s loop.Stats, now time.Time) (line string, ok bool) {
	seconds := now.Sub(m.at).Seconds()
	last := m.last
	if seconds <= 0 || s.Opened < last.Opened || s.Closed < last.Closed || s.Elements < last.Elements ||
		s.BytesIn < last.BytesIn || s.BytesOut < last.BytesOut {
		return "", false
	}
	m.last, m.at = s, now
	if s.Opened == last.Opened && s.Closed == last.Closed && s.BytesIn == last.BytesIn && s.BytesOut == last.BytesOut {
		return "", false
	}
	rate := func(count, before uint64) float64 { return float64(count-before) / seconds }
	return fmt.Sprintf("%6d conns %8.0f opened/s %10.0f elements/s %9.3f MB/s in %9.3f MB/s out", s.Conns, rate(s.Opened, last.Opened),
		rate(s.Elements, last.Elements), rate(s.BytesIn, last.BytesIn)/1e6, rate(s.BytesOut, last.BytesOut)/1e6), true
}

// check reports a broken invariant against the meter as it was before.
func (m *meter) check(before meter) error {
	if m.at.Before(before.at) || m.last.BytesIn < before.last.BytesIn || m.last.BytesOut < before.last.BytesOut ||
		m.last.Elements < before.last.Elements || m.last.Opened < before.last.Opened || m.last.Closed < before.last.Closed {
		return fmt.Errorf("demo: the meter went back from %+v to %+v", before, *m)
	}
	return nil
}
