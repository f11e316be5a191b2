//go:build linux

package loop

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/millrace-net/millrace/loop/internal/sim"
)

// simResult is what became of a run.
type simResult struct {
	simConfig
	err     error
	hash    uint64
	counts  sim.Counts
	turns   int
	links   int
	virtual time.Duration
}

// simulate plays one run.
func simulate(c simConfig) simResult {
	w := newSimWorld(c)
	began := w.k.Now()
	if err := w.play(); err != nil {
		w.k.Fail("%v", err)
	}
	return simResult{simConfig: w.simConfig, err: w.k.Err(), hash: w.k.Hash(), counts: w.k.Counts, turns: w.turns,
		links: len(w.links), virtual: time.Duration(w.k.Now() - began)}
}

// play is the whole of a run: faults and all kinds of peers first, then peace, in which everything has to come to its end.
func (w *simWorld) play() (err error) {
	faults, jump := w.k.Faults, w.k.JumpNs
	w.k.Faults, w.k.JumpNs = sim.Faults{}, 0
	if w.l, err = newLoop(w.opts, 0); err != nil {
		return err
	}
	defer w.end()
	if w.ln, err = w.l.Listen("tcp", fmt.Sprintf("10.0.0.1:%d", portLoop), w.accepted); err != nil {
		return err
	}
	w.k.Serve(portServer, w.serve)
	w.k.Serve(portHole, nil)
	w.k.Faults, w.k.JumpNs = faults, jump
	w.toCome = w.conns
	spread := pick[int64](w.rnd, 1, 1e6, 1e8, 1e9)
	for range w.conns {
		w.k.After(w.rnd.Int64N(spread), w.arrive)
	}
	w.run(w.rnd.IntN(40*w.conns+100), w.over)
	w.peace()
	w.run(1<<17, w.over)
	w.widen()
	w.run(1<<20, w.over)
	if w.k.Err() == nil && !w.over() {
		w.k.Fail("in peace, after %d turns: %d actors and %d channels are not over", w.turns, w.actors, w.l.Len()-1)
	}
	w.fresh()
	if w.rnd.IntN(2) == 0 {
		w.quit()
	}
	w.settle()
	return nil
}

// run makes turns until done, at most so many.
func (w *simWorld) run(turns int, done func() bool) {
	for ; turns > 0 && w.k.Err() == nil && !done(); turns-- {
		w.turn()
	}
}

// maxQuiet is how many turns in a row may come to nothing.
const maxQuiet = 12

// turn is one turn, and what has to hold after it.
func (w *simWorld) turn() {
	w.turns++
	progress, waited, struck, received := w.k.Progress, w.k.Waited, w.k.Struck, w.received
	wait := time.Duration(-1)
	if w.rnd.IntN(16) == 0 {
		wait = time.Duration(w.rnd.IntN(20)) * time.Millisecond
	}
	if err := w.l.Poll(wait); err != nil {
		w.k.Fail("Poll: %v", err)
	}
	if err := w.l.check(); err != nil {
		w.k.Fail("%v", err)
	}
	moved := w.k.Progress != progress || w.k.Waited != waited || w.k.Struck != struck || w.received != received
	if moved || wait >= 0 {
		w.quiet = 0
	} else if w.quiet++; w.quiet > maxQuiet {
		w.k.Fail("%d turns in a row, and nothing came of them", w.quiet)
	}
}

// peace ends faults and bad manners. Who has none must come to the end that it has in mind.
func (w *simWorld) peace() {
	w.noisy = false
	w.k.Faults, w.k.JumpNs, w.k.MaxFDs = sim.Faults{}, 0, 1<<20
	for _, link := range w.links {
		a := link.actor
		if a == nil || a.done {
			continue
		}
		if a.manner != honest && a.rnd.IntN(2) == 0 {
			w.k.After(a.rnd.Int64N(1e9), a.kill)
		} else {
			a.plan(a.think())
		}
	}
}

// widen ends the smallness of buffers. Two ends of the loop that still have 100,000 bytes for each other, one at a time, take
// more turns than a run should have.
func (w *simWorld) widen() {
	for _, link := range w.links {
		if e := link.end; e != nil && e.sock != nil {
			e.sock.Widen(64 << 10)
		}
		if a := link.actor; a != nil && a.s != nil {
			a.s.Widen(64 << 10)
		}
	}
}

// over tells whether every peer has ended and every connection is closed.
func (w *simWorld) over() bool { return w.toCome == 0 && w.actors == 0 && w.l.Len() <= 1 }

// fresh has a new peer come, who has to be served to the end.
func (w *simWorld) fresh() {
	if w.k.Err() != nil {
		return
	}
	link, r := w.newLink()
	link.calm = true
	a := w.newActor(link, r)
	a.manner, a.left = honest, 500
	w.k.SendBytes, w.k.RecvBytes = [2]int{64 << 10, 64 << 10}, [2]int{64 << 10, 64 << 10} // no limit of time is its fault
	a.enter(w.k.Dial(portLoop, link), &link.up, &link.down)
	w.run(1<<20, w.over)
	e := link.end
	if w.k.Err() != nil {
		return
	}
	if e == nil || e.closes != 1 {
		w.k.Fail("a fresh connection is not served to its end")
		return
	}
	switch {
	case e.cause == nil, e.cause == io.EOF, errors.Is(e.cause, ErrElementTooLong), errors.Is(e.cause, ErrOutputFull):
	default:
		w.k.Fail("a fresh connection ends with %v; its socket: %v; its peer: %v, done %t", e.cause, e.sock, e.sock.Peer(), a.done)
	}
}

// quit ends the loop in order, while peers come.
func (w *simWorld) quit() {
	w.toCome = 1 + w.rnd.IntN(5)
	for range w.toCome {
		w.k.After(w.rnd.Int64N(1e7), w.arrive)
	}
	w.run(w.rnd.IntN(50), w.over)
	w.quitting, w.k.Curious = true, true // each connection is read once more
	w.l.beginQuit(0)
	w.run(1<<20, func() bool { return w.l.ended() })
	if w.k.Err() == nil && !w.l.ended() {
		w.k.Fail("the loop does not end")
	}
}

// settle checks the books of peers.
func (w *simWorld) settle() {
	for _, link := range w.links {
		a, e := link.actor, link.end
		if a == nil || e == nil || e.c == nil || a.manner != honest || e.closes == 0 || e.gaveUp || len(e.sock.Faults()) > 0 {
			continue
		}
		if inOrder := e.cause == nil || e.cause == io.EOF; inOrder && a.done && link.down.got != link.down.sent {
			w.k.Fail("connection %d: Closed got %v, and the peer got %d of %d bytes, %v", link.id, e.cause,
				link.down.got, link.down.sent, a.failed)
		}
	}
}

// end closes the loop, and looks for what it leaves.
func (w *simWorld) end() {
	w.closing = true
	w.k.Faults, w.k.JumpNs = sim.Faults{}, 0
	failed := w.k.Err() != nil
	if err := w.l.Close(); err != nil {
		w.k.Fail("Close: %v", err)
	}
	if failed {
		return
	}
	if n := w.k.Open(); n != 0 {
		w.k.Fail("%d descriptors are left open", n)
	}
	s := w.l.Stats()
	if s.Opened != s.Closed || s.Conns != 0 || s.BlockBytes != 0 || s.RingBytes != 0 {
		w.k.Fail("not given back: %+v", s)
	}
	if len(w.open) != 0 {
		w.k.Fail("%d connections were opened and not closed", len(w.open))
	}
}
