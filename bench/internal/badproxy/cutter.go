package badproxy

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

const (
	dribbleFirst = 400                   // bytes of a direction that dribble at its start
	dribbleEach  = 8                     // and at the front of each read
	dribblePause = 20 * time.Microsecond // between bytes; the timers of the machine make it more
	maxStalls    = 4                     // of a direction
	maxStall     = 200 * time.Millisecond
	swallowTime  = 400 * time.Millisecond // until the reset
)

var errEnded = errors.New("badproxy: ended by the plan")

// cutter does to one direction what the plan says. One goroutine uses it.
//
// Invariant: passed is how many bytes were handed on; beyond plan.At none is, in the plan's direction, if its fault is
// lossy.
type cutter struct {
	proxy    *Proxy
	way      Way
	rng      *rand.Rand
	passed   int64
	dribbled int
	stalls   int
	done     bool // the rest is dropped
}

func newCutter(p *Proxy, w Way) *cutter {
	return &cutter{proxy: p, way: w, rng: rand.New(rand.NewPCG(p.plan.Seed, uint64(w)))}
}

// pass writes b to a side. After an error nothing more is to be passed.
func (c *cutter) pass(to *net.TCPConn, b []byte) error {
	plan := &c.proxy.plan
	if c.done {
		return nil
	}
	if plan.Fault.Lossy() && plan.Way == c.way && c.passed+int64(len(b)) > plan.At {
		if err := c.write(to, b[:plan.At-c.passed]); err != nil {
			return err
		}
		return c.strike(to)
	}
	switch plan.Fault {
	case Dribble:
		return c.dribble(to, b)
	case Cut, Stall:
		return c.cut(to, b)
	}
	return c.write(to, b)
}

// strike does what loses bytes.
func (c *cutter) strike(to *net.TCPConn) error {
	p := c.proxy
	p.strike()
	c.done = true
	switch p.plan.Fault {
	case Reset:
		p.end(true)
		return errEnded
	case HalfClose:
		return to.CloseWrite()
	}
	p.wait.Go(func() {
		p.sleep(swallowTime)
		p.end(true)
	})
	return nil
}

// dribble writes single bytes, and then the rest.
func (c *cutter) dribble(to io.Writer, b []byte) error {
	n := min(len(b), max(dribbleFirst-c.dribbled, dribbleEach))
	c.dribbled += n
	for i := range n {
		if err := c.write(to, b[i:i+1]); err != nil {
			return err
		}
		if !c.proxy.sleep(dribblePause) {
			return errEnded
		}
	}
	return c.write(to, b[n:])
}

// cut writes pieces, whose lengths have magnitudes that are uniform.
func (c *cutter) cut(to io.Writer, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), 1+c.rng.IntN(1<<c.rng.IntN(15)))
		if err := c.write(to, b[:n]); err != nil {
			return err
		}
		b = b[n:]
		pause := dribblePause
		if c.proxy.plan.Fault == Stall && c.stalls < maxStalls && c.rng.IntN(4) == 0 {
			c.stalls++
			pause = time.Duration(c.rng.Int64N(int64(maxStall)))
		}
		if !c.proxy.sleep(pause) {
			return errEnded
		}
	}
	return nil
}

// finish hands on the end, unless that is swallowed too.
func (c *cutter) finish(to *net.TCPConn) {
	if c.done && c.proxy.plan.Fault == Swallow {
		<-c.proxy.ended
		return
	}
	_ = to.CloseWrite() // who has closed already does not mind
}

// write writes and counts.
func (c *cutter) write(to io.Writer, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := to.Write(b)
	c.passed += int64(n)
	c.proxy.note(c.way, n)
	return err
}

// check reports a broken invariant.
func (c *cutter) check() error {
	if plan := c.proxy.plan; plan.Fault.Lossy() && plan.Way == c.way && c.passed > plan.At {
		return errors.New("badproxy: bytes were handed on behind the place of the fault")
	}
	return nil
}
