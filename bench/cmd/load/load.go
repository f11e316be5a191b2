package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// load is one load: its connections, the loop that serves them, and what is counted. One goroutine uses it, on one
// thread.
//
// Invariant: answered and received are the sums over all connections. Nothing new is sent unless sending is set; once
// leaving is set, everything was answered.
type load struct {
	options  *options
	stop     int // readable when the load is to end
	poller   *poller
	script   *script
	checker  checker
	conns    []conn
	schedule *schedule // nil in a closed loop
	pacers   []pacer
	buffer   []byte    // for a read, and what is held of a reply before it
	progress *progress // nil if none is drawn

	epoch    time.Time // where the clock begins
	begun    int64     // the clock when sending began
	now      int64     // the clock after the last read: what is written next is written then
	sending  bool
	leaving  bool
	answered int64 // messages
	received int64 // bytes
	latency  latency
	measured int64 // messages that began before this do not count for the latency
}

// pacer is something that has to be done at certain times.
type pacer interface {
	// act does what is due at now, and returns when it wants to be called again: then or earlier.
	act(now int64) (next int64, err error)
}

// never is later than all times.
const never = math.MaxInt64

// newLoad prepares a load, without any connection yet.
func newLoad(o *options, stop int) (*load, error) {
	l := &load{
		options:  o,
		stop:     stop,
		buffer:   make([]byte, maxHead+len(body)+window),
		epoch:    time.Now(),
		latency:  newLatency(),
		measured: never,
	}
	switch o.mode {
	case "http":
		l.script = requestScript(o.target.host)
		l.checker = &replies{request: l.script.size}
		o.size = l.script.size
	case "line", "slow":
		l.script = lineScript(o.size)
		l.checker = echoes{l.script}
	default:
		l.script = byteScript(o.size)
		l.checker = echoes{l.script}
	}
	l.conns = make([]conn, 0, o.conns+1)
	var err error
	l.poller, err = newPoller(stop)
	return l, err
}

// clock returns the nanoseconds since the load began.
func (l *load) clock() int64 { return int64(time.Since(l.epoch)) }

// run serves the connections until done says that it is enough, if it is given, or until a time of the clock.
func (l *load) run(until int64, done func() bool) error {
	for {
		now := l.clock()
		wake := until
		for _, p := range l.pacers {
			next, err := p.act(now)
			if err != nil {
				return err
			}
			wake = min(wake, next)
		}
		if now >= until || done != nil && done() {
			return nil
		}
		events, err := l.poller.wait(wake - now)
		if err != nil {
			return err
		}
		for i := range events {
			if err := l.serve(&events[i]); err != nil {
				return err
			}
		}
	}
}

// serve does what an event asks for.
func (l *load) serve(e *unix.EpollEvent) error {
	if e.Fd == stopIndex {
		return errInterrupted
	}
	c := &l.conns[e.Fd]
	if e.Events&^unix.EPOLLOUT == 0 {
		l.now = l.clock()
	} else if err := l.receive(c, e.Events&endEvents != 0); err != nil {
		return c.wrap(err)
	}
	l.refill(c)
	return c.wrap(l.flush(c))
}

// exchange has a connection send one message, and waits for its answer.
func (l *load) exchange(c *conn) error {
	l.now = l.clock()
	c.goal++
	if err := l.flush(c); err != nil {
		return c.wrap(err)
	}
	done := func() bool { return c.idle(l.script.size) }
	if err := l.run(l.now+int64(l.options.limits.first), done); err != nil {
		return err
	}
	if !done() {
		return c.late()
	}
	return nil
}

// drain sends no more messages, and waits until all that were begun are written and answered.
func (l *load) drain() error {
	l.sending = false
	l.pacers = nil
	for i := range l.conns {
		c := &l.conns[i]
		c.goal = c.begun
		if err := l.hasten(c); err != nil {
			return c.wrap(err)
		}
	}
	size, first := l.script.size, 0 // once idle, a connection stays so
	done := func() bool {
		for first < len(l.conns) && l.conns[first].idle(size) {
			first++
		}
		return first == len(l.conns)
	}
	if err := l.run(l.clock()+int64(l.options.limits.drain), done); err != nil {
		return err
	}
	if !done() {
		return l.conns[first].late()
	}
	return nil
}

// depart tells the server that there will be no more messages, and gives it a moment to close the connections, in which
// a reply too many would still be seen. A server that does not close them is no error.
func (l *load) depart() error {
	l.leaving = true
	for i := range l.conns {
		_ = unix.Shutdown(l.conns[i].fd, unix.SHUT_WR) // fails if the server has closed it just now, as it may
	}
	first := 0
	return l.run(l.clock()+int64(l.options.limits.leave), func() bool {
		for first < len(l.conns) && l.conns[first].gone {
			first++
		}
		return first == len(l.conns)
	})
}

// close closes every descriptor.
func (l *load) close() error {
	var errs error
	for i := range l.conns {
		if err := unix.Close(l.conns[i].fd); err != nil {
			errs = errors.Join(errs, l.conns[i].wrap(fmt.Errorf("close: %w", err)))
		}
	}
	return errors.Join(errs, l.poller.close())
}
