package wheel

import (
	"math"
	"slices"
)

// model is a wheel as a plain list: every timer armed, searched and sorted anew each time.
type model struct {
	clock  int64
	seq    int
	timers []modelTimer
}

type modelTimer struct {
	id     int
	whenMs int64
	late   bool
	seq    int
}

func (m *model) arm(id int, whenMs int64) {
	m.cancel(id)
	m.seq++
	m.timers = append(m.timers, modelTimer{id: id, whenMs: whenMs, late: whenMs <= m.clock, seq: m.seq})
}

func (m *model) cancel(id int) bool {
	n := len(m.timers)
	m.timers = slices.DeleteFunc(m.timers, func(t modelTimer) bool { return t.id == id })
	return len(m.timers) < n
}

// due sets the clock and returns the timer to fire next out of those armed before the Advance that began at seq.
func (m *model) due(nowMs int64, seq int) (int, bool) {
	if nowMs < m.clock {
		return 0, false
	}
	m.clock = nowMs
	var best *modelTimer
	for i := range m.timers {
		t := &m.timers[i]
		if t.whenMs > nowMs || t.seq > seq {
			continue
		}
		if best == nil || before(t, best) {
			best = t
		}
	}
	if best == nil {
		return 0, false
	}
	id := best.id
	m.cancel(id)
	return id, true
}

func before(a, b *modelTimer) bool {
	switch {
	case a.late != b.late:
		return a.late
	case !a.late && a.whenMs != b.whenMs:
		return a.whenMs < b.whenMs
	}
	return a.seq < b.seq
}

// earliest is the time at which an Advance would first fire something.
func (m *model) earliest() int64 {
	at := int64(math.MaxInt64)
	for _, t := range m.timers {
		at = min(at, max(t.whenMs, m.clock))
	}
	return at
}
