package wheel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkRearm moves the deadline of one of many armed timers, as each event of a connection does.
func BenchmarkRearm(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var w Wheel
			w.Init(0)
			timers := armed(&w, n, new(counter).expired)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				w.Arm(&timers[i], 60_000+int64(i&1023))
				if i++; i == n {
					i = 0
				}
			}
			if w.Len() != n {
				b.Fatalf("%d timers armed, want %d", w.Len(), n)
			}
		})
	}
}

// BenchmarkNext asks for the next deadline, as a loop does before each sleep.
func BenchmarkNext(b *testing.B) {
	var w Wheel
	w.Init(0)
	armed(&w, 1000, new(counter).expired)
	first, _ := w.Next()
	b.ReportAllocs()
	for b.Loop() {
		if at, ok := w.Next(); !ok || at != first {
			b.Fatal(at, ok)
		}
	}
}

// BenchmarkAdvance steps a clock over many timers that arm themselves again, 30 s away; the time is per step of 1 ms.
func BenchmarkAdvance(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var w Wheel
			w.Init(0)
			r := &rearmer{w: &w}
			armed(&w, n, r.expired)
			b.ReportAllocs()
			now := int64(0)
			for b.Loop() {
				now++
				w.Advance(now)
			}
			if w.Len() != n {
				b.Fatalf("%d timers armed, want %d", w.Len(), n)
			}
			b.ReportMetric(float64(r.fired)/float64(b.N), "fired/op")
		})
	}
}

// BenchmarkJump moves the clock by a day with one timer armed for each.
func BenchmarkJump(b *testing.B) {
	const dayMs = 24 * 3600 * 1000
	var w Wheel
	w.Init(0)
	count := new(counter)
	timer := Timer{Expired: count.expired}
	b.ReportAllocs()
	now := int64(0)
	for b.Loop() {
		w.Arm(&timer, now+dayMs)
		now += dayMs
		w.Advance(now)
	}
	if count.n != b.N {
		b.Fatalf("fired %d times, want %d", count.n, b.N)
	}
}

// rearmer arms each timer again when it fires.
type rearmer struct {
	w     *Wheel
	fired int
}

func (r *rearmer) expired(t *Timer) {
	r.fired++
	r.w.Arm(t, t.When()+30_000)
}

// armed makes n timers, armed over the next 30 s.
func armed(w *Wheel, n int, expired func(*Timer)) []Timer {
	r := rand.New(rand.NewPCG(1, 1))
	timers := make([]Timer, n)
	for i := range timers {
		timers[i].Expired = expired
		w.Arm(&timers[i], 1+r.Int64N(30_000))
	}
	return timers
}
