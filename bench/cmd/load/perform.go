package main

import "fmt"

// perform runs the load from the first connection to the last, and tells what it measured.
func (l *load) perform() (*report, error) {
	l.progress = newProgress(l)
	if l.progress != nil {
		defer l.progress.clear()
		l.pacers = append(l.pacers, l.progress)
	}
	work := l.measure
	if l.options.mode == "idle" {
		work = l.measureIdle
	}
	r, err := work()
	if err != nil {
		return nil, err
	}
	if err := l.depart(); err != nil {
		return nil, err
	}
	return r, nil
}

// measure measures a load that sends all the time.
func (l *load) measure() (*report, error) {
	if err := l.openAll(); err != nil {
		return nil, err
	}
	if err := l.warmUp(); err != nil {
		return nil, err
	}
	from, err := l.snapshot()
	if err != nil {
		return nil, err
	}
	l.measured = 0
	if l.schedule != nil {
		l.measured = from.at // what was due before does not count
	}
	if err := l.runMeasured(from); err != nil {
		return nil, err
	}
	to, err := l.snapshot()
	if err != nil {
		return nil, err
	}
	r := newReport(l.options, from, to)
	if l.schedule == nil {
		l.measured = never // what is answered from now on does not count
	} else {
		n := to.givenUp - from.givenUp + l.schedule.unsent()
		r.NeverSent = &n
	}
	if err := l.drain(); err != nil {
		return nil, err
	}
	r.Latency = l.latency.quantiles()
	return r, nil
}

// warmUp begins to send, and runs the load until it is measured.
func (l *load) warmUp() error {
	l.begun = l.clock()
	l.now = l.begun
	l.sending = true
	switch {
	case l.options.rate > 0:
		l.schedule = newSchedule(l)
		l.pacers = append(l.pacers, l.schedule)
	case l.options.mode == "slow":
		l.pacers = append(l.pacers, &slowReaders{load: l})
	}
	for i := range l.conns {
		c := &l.conns[i]
		l.refill(c)
		if err := l.flush(c); err != nil {
			return c.wrap(err)
		}
	}
	return l.run(l.begun+int64(l.options.warmup), nil)
}

// runMeasured runs the load as long as it is measured.
func (l *load) runMeasured(from snapshot) error {
	if l.options.messages == 0 {
		return l.run(from.at+int64(l.options.duration), nil)
	}
	done := func() bool { return l.answered-from.answered >= l.options.messages }
	for !done() {
		before := l.answered
		if err := l.run(l.clock()+int64(l.options.limits.silence), done); err != nil {
			return err
		}
		if l.answered == before {
			return fmt.Errorf("no message was answered within %v: %w", l.options.limits.silence, l.firstLate())
		}
	}
	return nil
}

// firstLate names the first connection that waits for replies.
func (l *load) firstLate() error {
	for i := range l.conns {
		if c := &l.conns[i]; !c.idle(l.script.size) {
			return c.late()
		}
	}
	return nil
}
