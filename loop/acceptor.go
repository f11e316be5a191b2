//go:build linux

package loop

import (
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// acceptor is a listening socket on its loop.
//
// Invariant: gone ⇒ off the loop and no timer; quitMs != 0 and not gone ⇒ the timer runs, resume is in the mail, or quit
// runs, and the loop's drain counts it.
type acceptor struct {
	loop     *Loop
	listener *Listener
	fd       int
	at       int // place in loop.channels
	backoff  backoff
	quitMs   int64 // Close was called, and the queue has to be empty by then; 0: it was not
	gone     bool

	from  unix.RawSockaddrAny // the peer of the connection that is being accepted
	fresh adoption            // and what it is: kept here so that accepting makes no garbage
}

// begin puts the acceptor on its loop. Whoever called Listen was told that it listens, so an epoll that is short of memory
// puts it off and does not end it.
func (a *acceptor) begin() {
	a.at, _ = a.loop.addChannel(a, a.fd, 0) // without an interest it cannot fail
	if a.loop.drain.forced {
		a.shut(nil)
		return
	}
	a.resume()
	if a.loop.drain.asked {
		a.quit()
	}
}

// accepting is how a round of accept has ended.
type accepting uint8

const (
	queueEmpty   accepting = iota // or the listener is gone
	budgetSpent                   // there may be more
	acceptPaused                  // there is no room, or an error lasts
)

// ready accepts within the turn's budget; what is left makes epoll report again.
func (a *acceptor) ready(uint32) { a.accept(a.loop.opts.AcceptBudget) }

// accept takes up to budget connections. If all that it tries are lost it pauses: what loses them may last, and leave
// them in the queue.
func (a *acceptor) accept(budget int) accepting {
	var lost unix.Errno
	for taken := false; ; budget-- {
		switch {
		case a.gone: // closed by a callback of the last one
			return queueEmpty
		case budget == 0 && taken:
			return budgetSpent
		case budget == 0:
			a.pause(os.NewSyscallError("accept4", lost))
			return acceptPaused
		}
		target := a.target()
		if target == nil {
			a.pause(ErrTooManyConns)
			return acceptPaused
		}
		fd, errno := a.loop.calls.Accept(a.fd, &a.from)
		if errno == 0 {
			taken = true
			a.backoff.reset()
			a.fresh = adoption{fd: fd, peer: peerOfRaw(&a.from), factory: a.listener.factory}
			a.place(target)
			continue
		}
		lost = errno
		switch sys.OfAccept(errno) {
		case sys.Retry, sys.Skip:
		case sys.Wait:
			return queueEmpty
		default: // exhausted, or unknown: a listener is never given up for an error of accept
			a.pause(os.NewSyscallError("accept4", errno))
			return acceptPaused
		}
	}
}

// target returns this loop, or the one that the balancer names; nil if there is no room.
func (a *acceptor) target() *Loop {
	if b := a.listener.balancer; b != nil {
		return b.pick()
	}
	if a.loop.room() {
		return a.loop
	}
	return nil
}

// place hands the fresh connection to its loop.
func (a *acceptor) place(target *Loop) {
	if b := a.listener.balancer; b != nil {
		target = b.choose(target, &a.fresh.peer)
	}
	if target != a.loop {
		letter := a.fresh // which the other loop reads when it comes to it
		if target.send(&letter) == nil {
			return
		}
	}
	a.loop.conns.Add(1) // the target is this loop, or one that has ended
	a.loop.adopt(&a.fresh)
	a.loop.leave()
}

// pause takes the listener out of epoll for a while: an error that lasts, such as EMFILE, must neither spin nor close the
// listener.
func (a *acceptor) pause(why error) {
	_ = a.loop.setChannel(a.at, 0) // failing, it is out already
	a.backoff.pause(a.loop, a.listener.address, why, a.resume)
}

func (a *acceptor) resume() {
	if a.gone {
		return
	}
	if a.quitMs != 0 {
		a.finish()
		return
	}
	if err := a.loop.setChannel(a.at, unix.EPOLLIN); err != nil {
		a.pause(err)
	}
}

// quit accepts what the kernel has queued, whose clients believe that they are connected, and closes.
func (a *acceptor) quit() {
	if a.gone || a.quitMs != 0 {
		return
	}
	a.quitMs = a.loop.nowMs + ms(a.loop.opts.DrainTimeout)
	a.loop.drain.quits++
	a.finish()
}

// finish empties the queue and closes. What it has no room or descriptors for it comes back to, as after any pause, and
// to what is more than its budget in the next turn, until the time for that is over.
func (a *acceptor) finish() {
	then := a.finishLater // after a panic of a factory too, which costs nobody else in the queue
	defer func() { then() }()
	switch a.accept(max(a.loop.opts.Backlog, a.loop.opts.AcceptBudget)) {
	case queueEmpty:
		then = a.refuse
	case acceptPaused:
		then = a.finishPaused
	}
}

// finishLater goes on in the next turn, so that others are served meanwhile.
func (a *acceptor) finishLater() {
	if a.loop.nowMs >= a.quitMs {
		a.refuseQueued()
		return
	}
	_ = a.loop.mail.PutAlways(message{f: a.resume}) // ErrClosed: the loop closes the listener now
}

// finishPaused goes on after the pause, if there is something to go on for: accept4(2) wants a descriptor before it looks.
func (a *acceptor) finishPaused() {
	waiting, err := a.loop.calls.Waiting(a.fd)
	left := a.quitMs - a.loop.nowMs
	switch {
	case err == nil && waiting == 0:
		a.refuse()
	case left > 0:
		a.backoff.within(time.Duration(left) * time.Millisecond)
	default:
		a.refuseQueued()
	}
}

// refuseQueued closes on what is queued still, and logs how much that is.
func (a *acceptor) refuseQueued() {
	waiting, err := a.loop.calls.Waiting(a.fd)
	lost := slog.Int("reset", waiting)
	if err != nil { // of a unix socket nobody knows
		lost = slog.String("reset", "unknown")
	}
	if err != nil || waiting > 0 {
		a.loop.opts.Logger.Warn("millrace: a listener closes on clients that it has not come to, for want of descriptors, room or time",
			"addr", a.listener.address, lost)
	}
	a.refuse()
}

// refuse closes, and has who dials from now on refused at once: the descriptor is closed at the end of the turn, and that
// would reset clients that believe they are connected. An error of shutdown leaves it at that.
func (a *acceptor) refuse() {
	if a.gone {
		return
	}
	_ = a.loop.calls.Shutdown(a.fd, unix.SHUT_RD)
	a.shut(nil)
}

func (a *acceptor) shut(error) {
	if a.gone {
		return
	}
	a.loop.removeChannel(a.at)
	a.end()
}

func (a *acceptor) end() {
	a.gone = true
	if a.quitMs != 0 {
		a.loop.drain.quits--
	}
	a.backoff.stop()
	a.listener.path.remove()
}
