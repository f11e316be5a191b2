//go:build linux

package loop

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sim"
	"github.com/millrace-net/millrace/match"
)

// simEnd is the handler of one connection of the loop. It knows what its peer has sent, and so what it has to be given; it
// does what comes to its mind.
type simEnd struct {
	w       *simWorld
	link    *simLink
	in, out *simFlow
	rnd     *rand.Rand
	c       *Conn
	sock    *sim.Socket // nil while a Dial has none
	term    *simTerm

	opens, closes int
	at            int  // among the world's open ones; -1
	skipping      bool // an element that is too long goes by
	silent        bool // nothing may be delivered any more
	asked         bool // CloseWhenDone or CloseWrite was called
	gaveUp        bool // what is queued may be lost: by Close, an error, a panic
	overflowed    bool // a push was refused for the room
	async         bool // something was pushed from elsewhere, which may be refused unseen
	mute          bool // no push and no close, as something of its own waits in the mailbox
	pushing       bool
	dialled       bool
	owned         int // slices that are the connection's
	bornNs        int64
	deadlineNs    int64
	elementNs     int64 // when the last element ended
	askedNs       int64 // when CloseWhenDone was called, or the peer's end came
	cause         error
}

var errHandler = errors.New("the handler has had enough")

// simHalfEnd is a simEnd that goes on when its peer has ended.
type simHalfEnd struct{ *simEnd }

// simQuitEnd is a simEnd that says goodbye.
type simQuitEnd struct{ *simEnd }

// handler is the end with the optional callbacks that it happens to have.
func (e *simEnd) handler() Handler {
	switch e.rnd.IntN(4) {
	case 0:
		return simHalfEnd{e}
	case 1:
		return simQuitEnd{e}
	}
	return e
}

func (e *simEnd) fail(format string, args ...any) {
	fd := 0
	if e.c != nil {
		fd = int(e.c.fd)
	}
	what := fmt.Sprintf(format, args...)
	e.w.k.FailOn(fd, "connection %d, descriptor %d, ends at %v: %s", e.link.id, fd, e.term, what)
}

// note puts what happens to the connection into the trace.
func (e *simEnd) note(what string, arg int) { e.w.k.Note(int(e.c.fd), what, arg) }

// alive checks that a callback may come.
func (e *simEnd) alive(what string) {
	e.note(what, e.in.off)
	if e.opens != 1 || e.closes != 0 {
		e.fail("%s, opened %d times and closed %d times", what, e.opens, e.closes)
	}
}

// Opened may push before anything has come.
func (e *simEnd) Opened(c *Conn) error {
	e.opens++
	e.alive("Opened")
	e.sock = e.w.k.SocketOf(int(c.fd))
	if !e.sock.Connected() && len(e.sock.Faults()) == 0 && !e.sock.WasReset() {
		e.fail("Opened, and the connect has not ended")
	}
	e.elementNs = e.w.k.Now()
	e.at = len(e.w.open)
	e.w.open = append(e.w.open, e)
	if e.rnd.IntN(4) == 0 {
		e.reply(nil)
	}
	return e.mood()
}

// Receive checks what it is given, and acts.
func (e *simEnd) Receive(c *Conn, data []byte, found bool) error {
	e.alive("Receive")
	if e.silent || c.Paused() {
		e.fail("something is delivered to one that is paused (%t), or had closed (%t)", c.Paused(), e.silent)
	}
	e.w.received++
	e.note("bytes of it", len(data))
	e.accept(data, found)
	if c.state&(closed|closing) == 0 {
		e.reply(data)
	}
	if e.rnd.IntN(8) == 0 {
		e.change()
	}
	return e.mood()
}

// accept compares data with what the peer has sent.
func (e *simEnd) accept(data []byte, found bool) {
	e.skipped()
	f := e.in
	if !bytes.HasPrefix(f.buf[f.off:], data) {
		e.fail("delivered %q, and %q was sent there", brief(data), brief(f.buf[f.off:]))
		return
	}
	end, size := f.end(e.term)
	to := f.off + len(data)
	switch {
	case found && (end < 0 || to != end-size):
		e.fail("delivered an element that ends at %d, and it ends at %d", to, end-size)
	case found && cap(data)-len(data) != size:
		e.fail("%d bytes behind the element, and its end has %d", cap(data)-len(data), size)
	case found:
		f.forget(end)
		e.elementNs = e.w.k.Now()
		e.spent()
		return
	case !e.ended() && end >= 0 && to > end-size || end >= 0 && to >= end:
		e.fail("a piece to %d goes beyond the element's end at %d", to, end-size)
	case e.c.Delivery() == Whole && e.term.Kind() != match.KindNone && !e.ended():
		e.fail("a piece of %d bytes in Whole delivery", len(data))
	}
	// The rest of a stream may end with what might have become a terminator.
	if e.c.Delivery() == Whole && len(data) > e.w.opts.MaxElement+e.term.MaxLen() && e.term.Kind() != match.KindNone {
		e.fail("an element of %d bytes", len(data))
	}
	f.pass(len(data))
}

// spent follows a Count that was reached: nothing ends what follows.
func (e *simEnd) spent() {
	if e.term.count > 0 {
		e.term = noTerm
	}
}

// ended tells whether the stream has, or was made to believe so.
func (e *simEnd) ended() bool {
	return e.sock.SawEnd() || e.sock.WasReset() || len(e.sock.Faults()) > 0
}

// skipped forgets an element that was too long, once its end has been sent.
func (e *simEnd) skipped() {
	if !e.skipping {
		return
	}
	if end, _ := e.in.end(e.term); end >= 0 {
		e.in.forget(end)
		e.skipping = false
		e.spent()
		return
	}
	e.fail("a callback amid an element that is dropped")
}

// Oversize goes on behind the element, or amid it with another terminator.
func (e *simEnd) Oversize(c *Conn) error {
	e.alive("Oversize")
	e.skipped()
	f := e.in
	if !e.tooLong() {
		e.fail("Oversize without reason, of %d bytes", len(f.buf))
	}
	e.elementNs = e.w.k.Now()
	e.skipping = true
	if t := e.w.term(e.rnd); e.rnd.IntN(2) == 0 && !(t.Kind() != match.KindCount && t.Equal(e.term.Terminator)) {
		if e.term.count == 0 {
			f.forget(f.off + e.w.opts.MaxElement + 1)
		}
		e.skipping = false
		e.setTerm(t)
	}
	return e.mood()
}

// tooLong tells whether the present element is longer than the loop allows.
func (e *simEnd) tooLong() bool {
	limit := e.w.opts.MaxElement
	if e.term.count > 0 {
		return e.term.count-e.in.off > limit
	}
	end, size := e.in.end(e.term)
	if end < 0 {
		end = len(e.in.buf)
	}
	return end-size-e.in.off > limit
}

// ReadClosed comes when all was delivered.
func (e simHalfEnd) ReadClosed(c *Conn) error {
	e.alive("ReadClosed")
	e.delivered("ReadClosed")
	e.reply(nil)
	if e.rnd.IntN(2) == 0 {
		e.closeWhenDone()
	} else {
		e.w.later(e.rnd, func() { e.closeWhenDone() })
	}
	return e.mood()
}

// delivered checks that nothing is missing that the peer has sent before its end.
func (e *simEnd) delivered(when string) {
	if !e.sock.SawEnd() && len(e.sock.Faults()) == 0 {
		e.fail("%s, and the end of the stream was not read", when)
	}
	if e.skipping || e.silent {
		return
	}
	if read := e.sock.Received(); e.in.got != read {
		e.fail("%s, and %d bytes were delivered of %d that were read", when, e.in.got, read)
	}
}

// Drained comes at the low-water mark.
func (e *simEnd) Drained(c *Conn) error {
	e.alive("Drained")
	if c.waiting() > int64(e.w.opts.LowWater) {
		e.fail("Drained with %d bytes waiting", c.waiting())
	}
	if e.rnd.IntN(2) == 0 {
		e.reply(nil)
	}
	return nil
}

// Quit says goodbye.
func (e simQuitEnd) Quit(c *Conn) error {
	e.alive("Quit")
	e.reply(nil)
	e.closeWhenDone()
	return nil
}

// Failed is told of the panic that mood made.
func (e *simEnd) Failed(c *Conn, v any, _ []byte) {
	e.alive("Failed")
	if v != any(errHandler) {
		e.fail("panic: %v", v)
	}
}

// Closed checks the cause, and what is owed.
func (e *simEnd) Closed(c *Conn, cause error) {
	early := e.dialled || len(e.sock.Faults()) > 0 || e.overflowed // may close before it has opened
	if e.closes++; e.closes > 1 || e.opens > 1 || e.opens == 0 && !early {
		e.fail("Closed, opened %d times and closed %d times", e.opens, e.closes)
	}
	e.cause = cause
	if e.owned != 0 {
		e.fail("Closed, and %d owned slices were not given back", e.owned)
	}
	if e.opens > 0 {
		last := e.w.open[len(e.w.open)-1]
		e.w.open[e.at], last.at = last, e.at
		e.w.open = e.w.open[:len(e.w.open)-1]
	}
	e.w.judge(e)
}

// setTerm sets the terminator, on both sides.
func (e *simEnd) setTerm(t *simTerm) {
	if t.Kind() != match.KindCount && t.Equal(e.term.Terminator) {
		return
	}
	e.note("SetTerminator", int(t.Kind()))
	e.c.SetTerminator(t.Terminator)
	e.term = t
	e.in.forget(e.in.off)
}

// closeWhenDone asks for the orderly end.
func (e *simEnd) closeWhenDone() {
	if e.mute || e.closes > 0 {
		return
	}
	e.note("CloseWhenDone", 0)
	e.c.CloseWhenDone()
	e.asked, e.silent = true, true
	if e.askedNs == 0 {
		e.askedNs = e.w.k.Now()
	}
}

// give pushes p by f, which is one of the pushes.
func (e *simEnd) give(p []byte, f func(p []byte) error) {
	if e.mute || e.closes > 0 {
		return
	}
	e.out.put(p)
	outer := e.pushing
	e.pushing = true
	err := f(p)
	e.pushing = outer
	switch {
	case err == nil:
	case e.c.state&unwritable != 0: // some of it may have been written
		e.overflowed = e.overflowed || errors.Is(err, ErrOutputFull)
		e.gaveUp = true
	case errors.Is(err, ErrOutputFull) && e.w.opts.Overflow == RefuseOverflow:
		if e.overflowed = true; !e.out.unput(len(p)) {
			e.fail("a push was refused, and some of it was sent")
		}
	default:
		e.fail("a push is refused: %v", err)
	}
}

// own pushes p without a copy, and counts the times that it comes back.
func (e *simEnd) own(p []byte) error {
	times, sum := 0, sumOf(p)
	e.owned++
	err := e.c.PushOwned(p, func(back []byte) {
		if times++; times != 1 || e.closes > 0 || &back[0] != &p[0] || sumOf(back) != sum {
			e.fail("done is called %d times, closed %d times", times, e.closes)
		}
		e.owned--
		if !e.pushing && e.rnd.IntN(8) == 0 && e.c.state&unwritable == 0 {
			e.give([]byte("given back\r\n"), e.c.Push)
		}
	})
	if err != nil {
		e.owned--
	}
	return err
}

func sumOf(p []byte) (sum uint64) {
	for _, b := range p {
		sum = (sum ^ uint64(b)) * 1099511628211
	}
	return sum
}

// setDeadline keeps in mind what it sets.
func (e *simEnd) setDeadline(d time.Duration) {
	e.c.SetDeadline(time.Now().Add(d))
	e.deadlineNs = e.w.k.Now() + int64(d)
}

// errnoIn is the errno within an error, 0 if there is none.
func errnoIn(err error) unix.Errno {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return 0
}
