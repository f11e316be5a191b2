package wheel

import (
	"fmt"
	"testing"
)

const driverTimers = 24

// driver runs the same operations on a wheel and on the model, and compares them after each.
type driver struct {
	t     testing.TB
	w     Wheel
	m     model
	nodes [driverTimers]Timer
	log   []driverOp

	nowMs int64
	seq   int // the model's count when the Advance under way began
	// onFire, if set, runs inside Expired.
	onFire func(id int)
}

func newDriver(t testing.TB, nowMs int64) *driver {
	d := &driver{t: t, nowMs: nowMs}
	d.w.Init(nowMs)
	d.m.clock = nowMs
	for i := range d.nodes {
		d.nodes[i].Expired = func(t *Timer) { d.expired(i, t) }
	}
	return d
}

func (d *driver) expired(own int, t *Timer) {
	d.note("fired", own, d.nowMs)
	if t != &d.nodes[own] {
		d.fail("Expired of timer %d was given another's timer", own)
	}
	if t.Armed() {
		d.fail("timer %d is armed in its Expired", own)
	}
	if id, ok := d.m.due(d.nowMs, d.seq); !ok || id != own {
		d.fail("timer %d fired at %d, want %d (%v)", own, d.nowMs, id, ok)
	}
	if d.onFire != nil {
		d.onFire(own)
	}
}

// driverOp is an operation for the text of a failure; id or ms is 0 where it has none.
type driverOp struct {
	what string
	id   int
	ms   int64
}

func (d *driver) note(what string, id int, ms int64) {
	d.log = append(d.log, driverOp{what, id, ms})
}

func (d *driver) fail(format string, args ...any) {
	d.t.Helper()
	from := max(0, len(d.log)-40)
	d.t.Fatalf("%s\nlast operations: %v", fmt.Sprintf(format, args...), d.log[from:])
}

func (d *driver) arm(id int, whenMs int64) {
	d.note("arm", id, whenMs)
	d.w.Arm(&d.nodes[id], whenMs)
	d.m.arm(id, whenMs)
	if !d.nodes[id].Armed() || d.nodes[id].When() != whenMs {
		d.fail("after Arm: armed %v, When %d, want %d", d.nodes[id].Armed(), d.nodes[id].When(), whenMs)
	}
}

func (d *driver) cancel(id int) {
	d.note("cancel", id, 0)
	got, want := d.w.Cancel(&d.nodes[id]), d.m.cancel(id)
	if got != want {
		d.fail("Cancel %d = %v, want %v", id, got, want)
	}
}

func (d *driver) advance(nowMs int64) {
	d.note("advance", 0, nowMs)
	d.nowMs, d.seq = nowMs, d.m.seq
	d.w.Advance(nowMs)
	if id, ok := d.m.due(nowMs, d.seq); ok {
		d.fail("Advance %d did not fire timer %d", nowMs, id)
	}
}

// compare checks what can be seen from outside, and the links.
func (d *driver) compare() {
	d.t.Helper()
	if err := d.w.check(); err != nil {
		d.fail("check: %v", err)
	}
	if d.w.Len() != len(d.m.timers) {
		d.fail("Len %d, want %d", d.w.Len(), len(d.m.timers))
	}
	at, ok := d.w.Next()
	if ok != (len(d.m.timers) > 0) {
		d.fail("Next says %v with %d timers", ok, len(d.m.timers))
	}
	if !ok {
		return
	}
	want := d.m.earliest()
	// The lowest level holds the 64 ticks that share the clock's higher digits.
	exact := tickOf(want)|slotMask == tickOf(d.m.clock)|slotMask
	if at > want || exact && at != want {
		d.fail("Next %d, earliest timer %d", at, want)
	}
}
