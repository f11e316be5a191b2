//go:build linux

package loop

import (
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// busyEvents is the number of events from which on a turn is followed by a look that does not
// block: a system call that the scheduler need not be told of is cheaper, and on a busy loop it
// finds something.
const busyEvents = 4

// turn waits for events, at most waitMs milliseconds (-1: for ever), and handles them and all that follows.
func (l *Loop) turn(waitMs int) error {
	l.inTurn = true
	l.growRing()
	if l.polled > 0 {
		l.askAt = 0
		for !l.guarded((*Loop).askDispatchers) {
		}
	}
	err := l.wait(waitMs)
	if err == nil {
		l.tick()
		l.finishTurn()
	}
	l.inTurn = false
	return err
}

// wait fills l.events.
func (l *Loop) wait(waitMs int) error {
	busy := l.got >= busyEvents
	l.got, l.at = 0, 0
	if l.wheel.Len() > 0 && waitMs != 0 {
		waitMs = l.untilTimer(waitMs)
	}
	if l.due() > 0 {
		waitMs = 0
	}
	var n int
	var errno unix.Errno
	if busy || waitMs == 0 {
		n, errno = l.calls.EpollPoll(l.epfd, l.events)
	}
	if n == 0 && errno == 0 && waitMs != 0 {
		l.pulse.sleep()
		n, errno = l.calls.EpollWait(l.epfd, l.events, waitMs)
	}
	l.pulse.beat()
	switch errno {
	case 0:
		l.got = n
		l.stats.Turns++
		l.stats.Events += uint64(n)
	case unix.EINTR: // the turn goes on without events, and the time-out is computed anew
	default:
		return os.NewSyscallError("epoll_wait", errno)
	}
	return nil
}

// untilTimer is waitMs, or less if a timer is due before.
func (l *Loop) untilTimer(waitMs int) int {
	next, _ := l.wheel.Next()
	if left := l.untilMs(next); waitMs < 0 || left < int64(waitMs) {
		waitMs = int(min(left, 1<<31-1))
	}
	return waitMs
}

// untilMs returns how long to wait for the time when. The loop's clock is as old as the turn, so
// for a near time it is read anew; for a far one the wait stops short, which comes to the same
// without reading it.
func (l *Loop) untilMs(when int64) int64 {
	const far = 1000
	left := when - l.nowMs
	if left > far {
		return left - left/8
	}
	l.tick()
	return max(0, when-l.nowMs)
}

// finishTurn runs all callbacks of the turn. A panic in one closes its connection, and the turn
// goes on behind it.
func (l *Loop) finishTurn() {
	l.pendingAt, l.pendingEnd, l.toTell = 0, -1, -1
	for !l.guarded((*Loop).phases) {
	}
	if len(l.closing) > 0 {
		l.closeDescriptors()
	}
	if l.pendingEnd > 0 {
		l.pending = l.pending[:copy(l.pending, l.pending[l.pendingEnd:])]
	}
	if l.got == len(l.events) && l.got < 1<<14 {
		l.events = make([]unix.EpollEvent, 2*l.got)
	}
}

// guarded runs a phase and reports whether it came to its end; if a callback panicked, it has been
// dealt with, and the phase is to be run again and goes on from where it was.
func (l *Loop) guarded(phase func(*Loop)) (done bool) {
	defer func() {
		if !done {
			if v := recover(); v != nil {
				l.recovered(v)
			} else { // runtime.Goexit, which cannot be stopped: the turn ends here
				l.inTurn = false
			}
		}
	}()
	phase(l)
	return true
}

// phases are the phases of a turn that call the user, each of which keeps its place in the loop. Most turns have the first
// one alone.
func (l *Loop) phases() {
	l.handleEvents()
	if l.mailed {
		l.readMail()
		l.mailed = false
	}
	l.wheel.Advance(l.nowMs)
	if len(l.pending) > 0 {
		l.settleReady()
	}
	if len(l.packets.due) > 0 {
		l.settlePackets()
	}
	if len(l.graves) > 0 {
		l.buryGraves()
	}
	if len(l.obituaries) > 0 {
		l.tellClosed()
	}
}

// recovered ends the connection or channel whose callback panicked.
func (l *Loop) recovered(v any) {
	l.stats.Panics++
	stack := debug.Stack()
	c, ch, pc := l.cur, l.curChannel, l.curPacket
	l.leave()
	l.stage.reset()
	l.stage.forbid()
	if pc != nil {
		pc.panicked(&PanicError{Value: v, Stack: stack})
		return
	}
	if ch != nil {
		ch.failed(&PanicError{Value: v, Stack: stack})
	}
	if c == nil && ch == nil {
		l.opts.Logger.Error("millrace: panic in a function posted to a loop", "panic", v, "stack", string(stack))
		return
	}
	if c == nil {
		l.opts.Logger.Error("millrace: panic in a dispatcher", "descriptor", ch.fd, "panic", v, "stack", string(stack))
		return
	}
	c.state &^= delivering
	c.fail(&PanicError{Value: v, Stack: stack})
	if h, ok := c.handler.(Failer); ok && c.state&(failed|mourned) == 0 {
		c.state |= failed
		c.tellFailed(h, v, stack)
		return
	}
	l.opts.Logger.Error("millrace: panic in a callback", "peer", c.RemoteAddr(), "panic", v, "stack", string(stack))
}

// tellFailed calls Failed, which may panic in its turn.
func (c *Conn) tellFailed(h Failer, v any, stack []byte) {
	defer func() {
		if again := recover(); again != nil {
			c.loop.opts.Logger.Error("millrace: panic in Failed", "panic", again, "first", v, "stack", string(stack))
		}
	}()
	h.Failed(c, v, stack)
}

// handleEvents hands each event to its connection. Stale ones, of an earlier user of the slot, are dropped.
func (l *Loop) handleEvents() {
	for l.at < l.got {
		event := &l.events[l.at]
		l.at++
		slot := uint32(event.Fd)
		if slot >= channelSlot {
			l.channelEvent(slot-channelSlot, uint32(event.Pad), event.Events)
			continue
		}
		c := l.slots.at(slot)
		if c == nil || c.gen != uint32(event.Pad) {
			l.stats.Stale++
			continue
		}
		l.cur = c
		c.handle(event.Events)
		c.settle()
		l.cur = nil
	}
}

// handle deals with one event. EPOLLRDHUP and EPOLLHUP are only hints: the read that answers 0 is
// the end of the stream.
func (c *Conn) handle(events uint32) {
	if c.state&connecting != 0 {
		c.connected()
		return
	}
	if events&(unix.EPOLLOUT|unix.EPOLLERR) != 0 && c.state&blocked != 0 {
		c.writable()
	}
	if events&unix.EPOLLPRI != 0 && c.state&urgent != 0 {
		c.expedite()
	}
	const readEvents = unix.EPOLLIN | unix.EPOLLHUP | unix.EPOLLERR
	if events&readEvents != 0 && c.state&(readClosed|closed) == 0 && (c.state&(paused|above) == 0 || c.state&closing != 0) {
		c.readable()
		return
	}
	if events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 && c.state&closed == 0 {
		c.socketError(events)
	}
}

// socketError ends a connection that is not read and of which epoll reports an error or a hang-up,
// so that it cannot spin.
func (c *Conn) socketError(events uint32) {
	errno, err := c.loop.calls.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		c.writeFailed(os.NewSyscallError("getsockopt", err))
	case errno != 0:
		c.writeFailed(os.NewSyscallError("write", unix.Errno(errno)))
	case events&unix.EPOLLHUP != 0 && c.state&writeShut == 0: // else both sides have ended, in order
		c.writeFailed(os.NewSyscallError("write", unix.EPIPE))
	}
}

// schedule has c settled in this turn or the next.
func (l *Loop) schedule(c *Conn) {
	if c.state&(scheduled|closed) == 0 {
		c.state |= scheduled
		l.pending = append(l.pending, c)
	}
}

// settleReady handles what was scheduled before it began; what that schedules is for the next turn,
// so that two connections that wake each other cannot keep a turn from ending.
func (l *Loop) settleReady() {
	if l.pendingEnd < 0 {
		l.pendingEnd = len(l.pending)
	}
	for l.pendingAt < l.pendingEnd {
		c := l.pending[l.pendingAt]
		l.pending[l.pendingAt] = nil
		l.pendingAt++
		c.state &^= scheduled
		if c.state&closed != 0 {
			continue
		}
		l.enter(c)
		c.work()
		c.settle()
		l.leave()
	}
}

// work delivers what was received before and may be delivered now.
func (c *Conn) work() {
	if c.state&leaving != 0 {
		c.state &^= leaving
		c.quit()
	}
	if c.state&relaying != 0 && !c.rare.relay.started {
		c.rare.relay.start()
	}
	if c.in != nil && c.state&undelivered == 0 {
		c.deliverHeld()
	}
}

// enter makes c the connection whose callbacks run, and leave ends that.
func (l *Loop) enter(c *Conn) {
	l.cur = c
}

func (l *Loop) leave() { l.cur, l.curChannel, l.curPacket = nil, nil, nil }

// buryGraves ends the connections closed in this turn.
func (l *Loop) buryGraves() {
	for l.gravesAt < len(l.graves) {
		l.bury(l.graves[l.gravesAt])
		l.graves[l.gravesAt] = nil
		l.gravesAt++
		l.leave()
	}
	l.graves, l.gravesAt = l.graves[:0], 0
}

// closeLater has fd closed at the end of the turn.
func (l *Loop) closeLater(fd int) { l.closing = append(l.closing, fd) }

// closeDescriptors never retries: on Linux the descriptor is gone whatever close(2) answers.
func (l *Loop) closeDescriptors() {
	l.addrMu.Lock()
	for _, fd := range l.closing {
		_ = l.calls.Close(fd)
	}
	l.addrMu.Unlock()
	l.closing = l.closing[:0]
}
