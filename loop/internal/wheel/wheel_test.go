package wheel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(Timer{}); n > 40 {
		t.Errorf("Timer is %d bytes", n)
	}
}

// TestPlaces arms one timer for each distance near a power of 64 and steps to its last moment before and to it.
func TestPlaces(t *testing.T) {
	for _, start := range []int64{0, 1, 63, 64, 4095, 1 << 40, -1, -65, -1 << 40, math.MinInt64, math.MaxInt64 - 1<<62} {
		for level := range levels {
			for _, off := range []int64{-1, 0, 1, 63} {
				dist := int64(1)<<(level*slotBits) + off
				if dist <= 0 || start > math.MaxInt64-dist {
					continue
				}
				d := newDriver(t, start)
				d.arm(0, start+dist)
				d.compare()
				d.advance(start + dist - 1)
				d.compare()
				d.advance(start + dist)
				d.compare()
				if d.w.Len() != 0 {
					t.Fatalf("start %d, distance %d: not fired", start, dist)
				}
			}
		}
	}
}

// TestNextLeadsToTimers sleeps until Next over and over, as a loop does, and counts the wake-ups.
func TestNextLeadsToTimers(t *testing.T) {
	for _, whenMs := range []int64{1, 63, 64, 65, 4096, 999_999, 1 << 33, math.MaxInt64} {
		d := newDriver(t, 17)
		d.arm(0, whenMs)
		wakes := 0
		for d.w.Len() > 0 {
			at, _ := d.w.Next()
			if at < d.nowMs && wakes > 0 {
				t.Fatalf("when %d: Next went back from %d to %d", whenMs, d.nowMs, at)
			}
			d.advance(max(at, 17))
			d.compare()
			if wakes++; wakes > levels {
				t.Fatalf("when %d: %d wake-ups", whenMs, wakes)
			}
		}
	}
}

func TestRandomOperations(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := newDriver(t, r.Int64N(1<<30)-1<<29)
		d.onFire = func(int) {
			for range r.IntN(3) {
				randomTimer(d, r)
			}
		}
		for range 1500 {
			switch r.IntN(4) {
			case 0:
				d.advance(d.nowMs + distance(r))
			case 1:
				if at, ok := d.w.Next(); ok {
					d.advance(at)
				}
			default:
				randomTimer(d, r)
			}
			d.compare()
		}
		d.onFire = nil
		d.advance(math.MaxInt64)
		d.advance(math.MaxInt64) // those armed late within the first
		d.compare()
		if d.w.Len() != 0 {
			t.Fatalf("seed %d: %d timers never fired", seed, d.w.Len())
		}
	}
}

func randomTimer(d *driver, r *rand.Rand) {
	id := r.IntN(driverTimers)
	if r.IntN(4) == 0 {
		d.cancel(id)
		return
	}
	d.arm(id, d.nowMs+distance(r))
}

// distance is a few milliseconds or hours, ahead mostly, so that operations meet on every level.
func distance(r *rand.Rand) int64 {
	d := r.Int64N(1 << r.IntN(32))
	if r.IntN(8) == 0 {
		return -d
	}
	return d
}

func TestOrderOfEqualTimes(t *testing.T) {
	d := newDriver(t, 0)
	var got []int
	d.onFire = func(id int) { got = append(got, id) }
	// The same tick reached through three levels.
	const whenMs = 70_000
	d.arm(0, whenMs)
	d.advance(66_000)
	d.arm(1, whenMs)
	d.advance(69_990)
	d.arm(2, whenMs)
	d.arm(3, 69_991)
	d.arm(4, 5)
	d.advance(whenMs)
	if want := []int{4, 3, 0, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestClockGoesBack(t *testing.T) {
	d := newDriver(t, 1000)
	d.arm(0, 1000)
	d.arm(1, 900)
	d.arm(2, 1001)
	fired := 0
	d.onFire = func(int) { fired++ }
	for _, now := range []int64{999, 0, -5, math.MinInt64} {
		d.advance(now)
		d.compare()
	}
	if fired != 0 || d.w.Len() != 3 {
		t.Fatalf("fired %d, left %d", fired, d.w.Len())
	}
	d.advance(1000)
	d.compare()
	if fired != 2 {
		t.Fatalf("fired %d at 1000, want 2", fired)
	}
	d.advance(1001)
	if fired != 3 {
		t.Fatalf("fired %d at 1001, want 3", fired)
	}
}

// TestLateRearmFiresOnceEach has a timer arm itself for the past: each Advance must end, and fire it once.
func TestLateRearmFiresOnceEach(t *testing.T) {
	d := newDriver(t, 0)
	fired := 0
	d.onFire = func(id int) {
		fired++
		d.arm(id, d.nowMs-10)
	}
	d.arm(0, 5)
	for i := range 5 {
		d.advance(int64(10 + i/2)) // the same time twice must fire twice
		d.compare()
		if fired != i+1 {
			t.Fatalf("after %d calls fired %d times", i+1, fired)
		}
	}
}

// TestPeriodicJump gives a periodic timer a jump of ten days: it fires once, not once a period.
func TestPeriodicJump(t *testing.T) {
	d := newDriver(t, 0)
	fired := 0
	d.onFire = func(id int) {
		fired++
		d.arm(id, d.nodes[id].When()+1)
	}
	d.arm(0, 1)
	d.advance(10 * 24 * 3600 * 1000)
	d.compare()
	if fired != 1 {
		t.Errorf("fired %d times", fired)
	}
}

func TestExpiredCancelsNeighbours(t *testing.T) {
	for name, whenMs := range map[string]int64{"slot": 100, "late": 5} {
		t.Run(name, func(t *testing.T) {
			d := newDriver(t, 10)
			fired := 0
			d.onFire = func(id int) {
				fired++
				for n := range driverTimers {
					d.cancel(n)
				}
			}
			for id := range driverTimers {
				d.arm(id, whenMs)
			}
			d.advance(100)
			d.compare()
			if fired != 1 || d.w.Len() != 0 {
				t.Errorf("fired %d, left %d", fired, d.w.Len())
			}
		})
	}
}
