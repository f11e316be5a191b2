package main

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// slowest is the longest latency that is told apart; above, all count as this.
const slowest = int64(time.Minute)

// latency is how long messages took, in nanoseconds, to three digits. Messages that took equally long, as all do that
// were written at once and whose replies came at once, are recorded in one step, so every message can be recorded.
type latency struct{ histogram *hdrhistogram.Histogram }

func newLatency() latency { return latency{hdrhistogram.New(1, slowest, 3)} }

// record notes that n messages took ns nanoseconds each.
func (l latency) record(ns, n int64) {
	_ = l.histogram.RecordValues(min(max(ns, 1), slowest), n) // fails only for values out of its range
}

// quantiles are what is told of a latency, in nanoseconds.
type quantiles struct {
	P50   int64 `json:"p50"`
	P90   int64 `json:"p90"`
	P99   int64 `json:"p99"`
	P999  int64 `json:"p999"`
	Max   int64 `json:"max"`
	Mean  int64 `json:"mean"`
	Count int64 `json:"count"` // of messages
}

// quantiles returns what is told of it.
func (l latency) quantiles() *quantiles {
	h := l.histogram
	return &quantiles{
		P50:   h.ValueAtQuantile(50),
		P90:   h.ValueAtQuantile(90),
		P99:   h.ValueAtQuantile(99),
		P999:  h.ValueAtQuantile(99.9),
		Max:   h.Max(),
		Mean:  int64(h.Mean()),
		Count: h.TotalCount(),
	}
}
