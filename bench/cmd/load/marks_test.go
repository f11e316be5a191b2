package main

import "testing"

func TestMarks(t *testing.T) {
	m, l := newMarks(3), newLatency()
	m.add(1, 100)
	m.add(3, 200)
	m.take(2, 1000, 0, l) // one of 900 and one of 800
	if m.counted != 2 || l.histogram.TotalCount() != 2 || l.histogram.Max() != 900 || l.histogram.Min() != 800 {
		t.Errorf("%+v, %+v", m, l.quantiles())
	}
	m.take(2, 2000, 0, l) // again, nothing
	m.add(4, 300)
	m.take(4, 2000, 250, l) // one that is too old to count, and one of 1700
	if m.counted != 4 || m.first != m.last || l.histogram.TotalCount() != 3 || l.histogram.Max() != 1700 {
		t.Errorf("%+v, %+v", m, l.quantiles())
	}
}

func TestMarksGoRound(t *testing.T) {
	m, l := newMarks(2), newLatency()
	m.first, m.last = ^uint32(0), ^uint32(0)
	for n := int64(1); n <= 1000; n++ {
		m.add(2*n-1, 10*n)
		m.add(2*n, 10*n+1)
		m.take(2*n, 10*n+5, 0, l)
	}
	if q := l.quantiles(); q.Count != 2000 || q.Max != 5 {
		t.Errorf("%+v", q)
	}
}

func TestMarksOfNothing(t *testing.T) {
	m, l := newMarks(0), newLatency()
	m.add(1, 1)
	m.take(1, 2, 0, l)
	if l.histogram.TotalCount() != 0 {
		t.Error("something was recorded")
	}
}

func TestLatencyOutOfRange(t *testing.T) {
	l := newLatency()
	l.record(0, 1)
	l.record(-1, 1)
	l.record(10*slowest, 1)
	if q := l.quantiles(); q.Count != 3 || q.Max < slowest || q.Max > slowest*101/100 {
		t.Errorf("%+v", q)
	}
}
