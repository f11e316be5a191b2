//go:build linux

package loop

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/millrace-net/millrace/producer"
)

// reply pushes, in one of all ways. data is what was delivered, or nil.
func (e *simEnd) reply(data []byte) {
	r := e.rnd
	if e.c.state&unwritable != 0 || e.out.sent > uint64(e.w.talk) {
		return
	}
	switch r.IntN(12) {
	case 0, 1, 2, 3:
		if len(data) > 0 {
			e.give(data, e.c.Push)
			e.give([]byte("\r\n"), e.c.Push)
		}
	case 4:
		if cap(data) > 0 {
			e.give(data[:cap(data)], e.c.Push)
		}
	case 5, 6:
		e.give(e.w.words(r, 4000), e.c.Push)
	case 7:
		e.give(e.w.words(r, 100_000), e.c.Push)
	case 8:
		e.give(e.w.words(r, 20_000), e.own)
	case 9:
		e.give(e.w.words(r, 20_000), e.produce)
	case 10:
		e.fromElsewhere()
	}
}

// produce pushes a producer of p.
func (e *simEnd) produce(p []byte) error {
	if e.rnd.IntN(3) == 0 {
		whole, _ := producer.Bytes(p, 1+e.rnd.IntN(len(p)))
		return e.c.PushProducer(whole)
	}
	return e.c.PushProducer(&simProducer{e: e, rest: p, fails: !e.link.calm && e.rnd.IntN(10) == 0})
}

// simProducer makes its bytes by and by, and is not always ready.
type simProducer struct {
	e      *simEnd
	rest   []byte
	wake   func()
	fails  bool
	asleep bool
	closes int
}

func (p *simProducer) OnReady(wake func()) { p.wake = wake }

func (p *simProducer) More() ([]byte, error) {
	r := p.e.rnd
	switch r.IntN(4) {
	case 0:
		if !p.asleep {
			p.asleep = true
			p.e.w.k.After(r.Int64N(2e6), func() {
				p.asleep = false
				p.wake()
			})
		}
		return nil, producer.ErrNotReady
	case 1:
		if p.fails {
			return nil, errHandler
		}
	}
	n := min(len(p.rest), 1+r.IntN(5000)>>r.IntN(8))
	chunk := p.rest[:n]
	if p.rest = p.rest[n:]; len(p.rest) == 0 && !p.fails {
		return chunk, io.EOF
	}
	return chunk, nil
}

func (p *simProducer) Close() error {
	if p.closes++; p.closes > 1 {
		p.e.fail("a producer is closed %d times", p.closes)
	}
	return nil
}

// fromElsewhere pushes as another goroutine would. Between the two posts the bytes are in the mailbox, and nothing else may
// be pushed before them.
func (e *simEnd) fromElsewhere() {
	p := e.w.words(e.rnd, 2000)
	e.w.k.After(e.rnd.Int64N(1e6), func() {
		// ErrClosed is all that they can say, and then the others do too.
		_ = e.c.Post(func(c *Conn) {
			if c.state&unwritable == 0 {
				e.out.put(p)
				e.mute, e.async = true, true
			}
		})
		_ = e.c.PushAsync(p)
		_ = e.c.Post(func(c *Conn) { e.mute = false })
	})
}

// change does what a protocol does between elements.
func (e *simEnd) change() {
	r, c := e.rnd, e.c
	if e.closes > 0 || c.state&(closed|closing) != 0 {
		return
	}
	act := r.IntN(8)
	e.note("change", act)
	switch act {
	case 0, 1, 2:
		if !e.skipping {
			e.setTerm(e.w.term(r))
		}
	case 3:
		if !e.skipping {
			c.SetDelivery(Delivery(r.IntN(2)))
		}
	case 4:
		c.Pause()
		e.w.later(r, c.Resume)
	case 5:
		resume := c.Suspend()
		e.w.k.After(r.Int64N(5e6), func() {
			_ = resume(func(*Conn) { e.reply(nil) }) // ErrClosed: it is gone
		})
	case 6:
		c.Resume()
	case 7:
		e.w.after(time.Duration(r.Int64N(2e7)), func() { e.reply(nil) })
	}
}

// mood does what is rare, and what ends a connection.
func (e *simEnd) mood() error {
	r, w := e.rnd, e.w
	if !w.noisy || e.mute {
		return nil
	}
	if r.IntN(w.meddling) == 0 {
		w.meddle(r)
	}
	if e.link.calm || r.IntN(30) > 0 || e.closes > 0 {
		return nil
	}
	act := r.IntN(10)
	e.note("mood", act)
	switch act {
	case 0, 1, 2:
		e.closeWhenDone()
	case 3:
		e.c.CloseWrite()
		e.asked = true
	case 4:
		e.c.Close()
		e.gaveUp, e.silent = true, true
	case 5:
		e.gaveUp, e.silent = true, true
		return errHandler
	case 6:
		e.gaveUp, e.silent = true, true
		panic(errHandler)
	case 7:
		e.setDeadline(time.Duration(r.Int64N(1e9)))
	case 8:
		e.c.CloseCause(fmt.Errorf("for no reason: %w", errHandler))
		e.gaveUp, e.silent = true, true
	case 9:
		if err := w.l.Poll(0); err != ErrRunning {
			e.fail("Poll within a callback: %v", err)
		}
	}
	return nil
}

// meddle does something to another connection, or makes one.
func (w *simWorld) meddle(r *rand.Rand) {
	if r.IntN(3) == 0 {
		w.dial(r)
		return
	}
	if len(w.open) == 0 {
		return
	}
	e := w.open[r.IntN(len(w.open))]
	if e.mute || e.closes > 0 || e.c.state&closed != 0 {
		return
	}
	switch r.IntN(7) {
	case 0:
		e.reply(nil)
	case 1:
		e.change()
	case 2:
		e.c.SetIdleTimeout(w.opts.IdleTimeout)
	case 3, 4:
		if !e.link.calm {
			e.c.Close()
			e.gaveUp, e.silent = true, true
		}
	case 5:
		if !e.link.calm {
			e.closeWhenDone()
		}
	case 6:
		if !e.link.calm {
			e.c.CloseWrite()
			e.asked = true
		}
	}
}
