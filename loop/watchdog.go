//go:build linux

package loop

import (
	"runtime/debug"
	"time"
)

// watchdog reports loops that stay in one turn for longer than a limit. One goroutine looks at all loops of a set,
// twice within the limit; while all of them sleep, it does too, until one wakes.
//
// Invariant: sights[i] is the state of loops[i] at the last look, and when that was first seen.
type watchdog struct {
	opts   Options       // immutable
	loops  []*Loop       // immutable
	sights []sight       // its goroutine only, as the next two
	looked time.Time     // the last look
	logged time.Time     // the last stall that was logged
	bell   chan struct{} // with room for one: a loop has woken that was parked
	stop   chan struct{} // closed by what ends it
	ended  chan struct{} // closed by its goroutine
}

// sight is what a look has seen of a loop.
type sight struct {
	state uint32
	since time.Time
	told  bool
}

// logEvery is the least time between two lines of the log, each of which has a profile of all goroutines behind it.
const logEvery = time.Minute

// watch starts a watchdog for loops that do not run yet, if the options want one, and returns what ends it.
func watch(o Options, loops ...*Loop) (end func()) {
	if o.StallTimeout < 0 {
		return func() {}
	}
	w := newWatchdog(o, loops)
	go w.run()
	return func() {
		close(w.stop)
		<-w.ended
	}
}

func newWatchdog(o Options, loops []*Loop) *watchdog {
	w := &watchdog{opts: o, loops: loops, sights: make([]sight, len(loops)), bell: make(chan struct{}, 1),
		stop: make(chan struct{}), ended: make(chan struct{})}
	for _, l := range loops {
		l.pulse.dog.CompareAndSwap(nil, w) // a loop of a set that was run by itself has its own
	}
	return w
}

// ring is for a loop that was parked and wakes. Any goroutine.
func (w *watchdog) ring() {
	select {
	case w.bell <- struct{}{}:
	default: // it rings already
	}
}

// every is the time between two looks.
func (w *watchdog) every() time.Duration { return max(w.opts.StallTimeout/2, time.Millisecond) }

func (w *watchdog) run() {
	defer close(w.ended)
	every := w.every()
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		if w.park() {
			select {
			case <-w.bell:
			case <-w.stop:
				return
			}
			w.look(time.Now())
		}
		timer.Reset(every)
		select {
		case <-timer.C:
		case <-w.stop:
			return
		}
		w.look(time.Now())
	}
}

// park asks all loops to ring when they wake, and reports whether all sleep: if one does not, there is something to
// look at, and a bell that rings meanwhile is heard by the next park.
func (w *watchdog) park() bool {
	for _, l := range w.loops {
		if !l.pulse.state.CompareAndSwap(asleep, parked) && l.pulse.state.Load() != parked {
			return false
		}
	}
	return true
}

// look sees what each loop does, and reports the turns that are too long. If the last look was longer ago than the limit,
// and than two looks take, the watchdog did not run either, as in a process that was stopped, and that is no loop's fault:
// the turns are timed anew.
func (w *watchdog) look(now time.Time) {
	late := now.Sub(w.looked) > max(w.opts.StallTimeout, 2*w.every())
	w.looked = now
	for i, l := range w.loops {
		s := &w.sights[i]
		state := l.pulse.state.Load()
		if state != s.state || late && !s.told {
			*s = sight{state: state, since: now}
		}
		if d := now.Sub(s.since); state&turnBit != 0 && d >= w.opts.StallTimeout && !s.told {
			s.told = true
			w.report(l, d, now)
		}
	}
}

// report tells of a loop that has been in one turn for d, which is still not over.
func (w *watchdog) report(l *Loop, d time.Duration, now time.Time) {
	defer func() {
		if v := recover(); v != nil {
			w.opts.Logger.Error("millrace: panic in Stalled", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	l.pulse.stalls.Add(1)
	if w.logged.IsZero() || now.Sub(w.logged) >= logEvery {
		w.logged = now
		w.opts.Logger.Warn("millrace: a callback blocks a loop", "loop", l.index, "for", d, "stack", turnStacks())
	}
	if w.opts.Stalled != nil {
		w.opts.Stalled(l, d)
	}
}
