package wheel

import "testing"

// TestPanicInExpired lets every timer panic in turn, late ones and ones on three levels.
func TestPanicInExpired(t *testing.T) {
	d := newDriver(t, 10)
	fired := 0
	d.onFire = func(id int) {
		fired++
		if id < 3 {
			d.arm(20+id, 0) // late while the list of late ones is fired
		}
		panic(id)
	}
	whens := []int64{3, 2, 1, 50, 50, 50, 60, 70, 5000, 5000, 1 << 30}
	for id, whenMs := range whens {
		d.arm(id, whenMs)
	}
	panics := 0
	for d.w.Len() > 0 {
		before := d.w.Len()
		if before != len(d.m.timers) {
			t.Fatalf("Len %d, want %d", before, len(d.m.timers))
		}
		func() {
			defer func() {
				if recover() != nil {
					panics++
				}
			}()
			d.advance(1 << 31)
		}()
		if err := d.w.check(); err != nil {
			t.Fatalf("after panic %d: %v", panics, err)
		}
		if panics > len(whens)+3 {
			t.Fatal("more panics than timers")
		}
	}
	if fired != len(whens)+3 || panics != fired {
		t.Errorf("fired %d, panics %d, want %d", fired, panics, len(whens)+3)
	}
}

// TestClockGoesBackAfterPanic leaves the cursor behind the clock and then sets the clock to a time between them.
func TestClockGoesBackAfterPanic(t *testing.T) {
	d := newDriver(t, 0)
	fired := 0
	d.onFire = func(id int) {
		fired++
		if id == 0 {
			panic(id)
		}
	}
	d.arm(0, 10)
	d.arm(1, 20)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come out of Advance")
			}
		}()
		d.advance(100)
	}()
	d.advance(50)
	if err := d.w.check(); err != nil || fired != 1 {
		t.Fatalf("fired %d times while the clock was back, check: %v", fired, err)
	}
	d.advance(100)
	d.compare()
	if fired != 2 {
		t.Errorf("fired %d times, want 2", fired)
	}
}

type counter struct{ n int }

func (c *counter) expired(*Timer) { c.n++ }

func TestMisuse(t *testing.T) {
	mustPanic := func(name string, f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s does not panic", name)
			}
		}()
		f()
	}
	var w Wheel
	w.Init(0)
	mustPanic("Arm without Expired", func() { w.Arm(new(Timer), 1) })
	timer := Timer{Expired: new(counter).expired}
	w.Arm(&timer, 1)
	mustPanic("Init with a timer armed", func() { w.Init(0) })
	if w.Len() != 1 || !timer.Armed() {
		t.Error("the refused Init changed the wheel")
	}
}

func TestAllocs(t *testing.T) {
	var w Wheel
	w.Init(0)
	count := new(counter)
	timers := make([]Timer, 100)
	for i := range timers {
		timers[i].Expired = count.expired
	}
	now := int64(0)
	n := testing.AllocsPerRun(100, func() {
		for i := range timers {
			w.Arm(&timers[i], now+int64(i*i*i))
			w.Arm(&timers[i], now+int64(i*i))
			if i%3 == 0 {
				w.Cancel(&timers[i])
			}
		}
		now += 300
		w.Advance(now)
		w.Next()
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	if count.n == 0 {
		t.Error("nothing fired")
	}
}
