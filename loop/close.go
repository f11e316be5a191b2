//go:build linux

package loop

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Close closes the connection now: nothing is delivered after it, and what is queued is dropped.
// Closed follows, with a nil cause unless another came first. Idempotent.
func (c *Conn) Close() {
	if c.state&closed == 0 {
		c.fail(nil) // with the error of a write that failed before
	}
}

// CloseCause is Close with a cause for Closed.
func (c *Conn) CloseCause(cause error) {
	if c.state&closed == 0 {
		c.fail(cause)
	}
}

// CloseWhenDone closes the connection once all that is queued is delivered: it writes it, shuts
// down writing, and drops what the peer still sends until the peer ends its side too, so that
// unread input cannot turn the close into a reset that takes the reply with it. If that cannot be
// done, or takes longer than Options.DrainTimeout without progress, Closed gets the reason; a nil
// cause says that the peer's kernel has acknowledged everything and the peer has ended in order.
// Nothing is delivered after CloseWhenDone, and pushes return ErrClosed. Idempotent.
func (c *Conn) CloseWhenDone() { c.closeWhenDone(nil) }

func (c *Conn) closeWhenDone(cause error) {
	if c.state&(closed|closing) != 0 {
		return
	}
	if c.state&broken != 0 {
		c.fail(cause)
		return
	}
	l := c.loop
	c.endRelay(ErrClosed)
	c.state |= closing
	c.state &^= quitting
	r := c.extra()
	r.closeErr = cause
	r.drainLeft = l.opts.DrainBytes
	c.endElement()
	if c.state&delivering == 0 {
		c.dropHold()
	}
	if c.state&connecting == 0 { // else when it is connected
		c.restartDrain()
	}
	l.schedule(c)
}

// CloseWrite ends this side of the stream once all that is queued is written (shutdown(2) with
// SHUT_WR): the peer reads an end of stream, and elements it still sends are delivered. Pushes
// return ErrClosed from now on. When the peer has ended its side too, the connection closes.
// Idempotent.
func (c *Conn) CloseWrite() {
	if c.state&unwritable == 0 {
		if c.loop.cur == c {
			c.spill()
		}
		c.state |= writeClosed
		c.loop.schedule(c)
	}
}

// fail closes the connection now; the first cause wins.
func (c *Conn) fail(cause error) {
	if c.cause == nil {
		c.cause = cause
	}
	c.close(c.cause)
}

// close takes the connection off the loop's books. The rest, which may call the user, is done by
// bury at the end of the turn.
func (c *Conn) close(cause error) {
	if c.state&closed != 0 {
		return
	}
	l := c.loop
	c.cause = cause
	c.state |= closed
	c.gone.Store(true)
	c.endRelay(cause)
	l.wheel.Cancel(&c.timer)
	if l.cur == c {
		l.stage.reset()
	}
	l.unregister(c)
	l.graves = append(l.graves, c)
}

// bury gives back what a closed connection held, and tells its handler. It runs at the end of the
// turn, so Closed is never nested in another callback. After a panic in a callback it is called
// again, and goes on with what is left to do.
func (l *Loop) bury(c *Conn) {
	l.cur = c
	if c.state&released == 0 {
		c.state |= released
		l.stats.Closed++
		if c.state&detached == 0 && c.fd >= 0 {
			l.closeLater(int(c.fd)) // after the batch: its number may stand in an event to come
		}
		c.dropHold()
	}
	c.dropOutput()
	if c.state&mourned == 0 {
		c.state |= mourned
		if h, ok := c.handler.(Closer); ok {
			h.Closed(c, c.cause)
		}
	}
	c.setFD(-1)
}

// settle brings a connection into order after its callbacks: output leaves, and the interest in
// events follows its state.
func (c *Conn) settle() {
	if c.state&unsettled == 0 && c.out == nil && c.events == unix.EPOLLIN && c.loop.stage.size() == 0 {
		return // as nearly always
	}
	if c.state&closed != 0 {
		return
	}
	c.flush()
	if c.out != nil && c.state&(blocked|closed|connecting) == 0 {
		c.drain()
	}
	c.relieve()
	if c.out != nil && c.state&closed == 0 && c.out.queue.Empty() {
		c.dropOutput()
	}
	if c.state&(closing|writeClosed|quitting|detaching) != 0 {
		c.settleClosing()
	}
	if c.state&closed == 0 {
		c.updateInterest()
	}
}

// settleClosing takes the next step of a connection that is on its way to its end.
func (c *Conn) settleClosing() {
	if c.state&closing != 0 {
		c.dropHold()
	}
	if c.state&(detaching|closed) == detaching && c.out == nil {
		if c.state&broken != 0 {
			c.fail(nil) // with the error of the write: what was queued is lost
			return
		}
		c.finishDetach()
	}
	if c.state&quitting != 0 && c.state&(closing|paused) == 0 && c.atBoundary() {
		c.closeWhenDone(nil)
	}
	if c.state&(closed|connecting) != 0 || c.out != nil || c.state&(closing|writeClosed) == 0 {
		return
	}
	if c.state&(writeShut|broken) == 0 {
		if err := c.loop.calls.Shutdown(int(c.fd), unix.SHUT_WR); err != nil {
			c.fail(os.NewSyscallError("shutdown", err))
			return
		}
		c.state |= writeShut
		if c.state&closing != 0 {
			c.restartDrain()
		}
	}
	if c.state&readClosed != 0 && c.state&broken == 0 && c.acknowledged() {
		var cause error
		if c.state&closing != 0 {
			cause = c.rare.closeErr
		}
		c.close(cause)
	}
}

const maxLookMs = 64

// acknowledged tells whether the peer's kernel has all that was written, of a connection whose two sides have ended. A peer may
// end its own early and still read, or be gone; after close(2) nobody would be told which. Neither makes an event that epoll would not
// repeat for ever, so until then the connection is out of epoll, and looked at again after 1 ms, 2 ms and so on.
func (c *Conn) acknowledged() bool {
	if c.peer.kind != peerV4 && c.peer.kind != peerV6 {
		return true // what was written to a unix socket is the peer's, and stays so
	}
	l := c.loop
	unsent, err := l.calls.OutQueue(int(c.fd))
	waited := c.state&closing != 0 && c.rare.lookEvery != 0
	if (err != nil || unsent == 0) && !waited {
		return true
	}
	if errno, err := l.calls.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR); err == nil && errno != 0 {
		c.fail(os.NewSyscallError("write", unix.Errno(errno)))
		return false
	}
	if err != nil || unsent == 0 {
		return true
	}
	if c.state&closing == 0 {
		c.closeWhenDone(nil) // whose time limit is for this too
	}
	r := c.rare
	if r.unsent == 0 || unsent < r.unsent {
		r.unsent = unsent
		c.restartDrain()
	}
	r.lookEvery = min(max(2*r.lookEvery, 1), maxLookMs)
	r.lookMs = l.nowMs + r.lookEvery
	c.arm()
	return false
}

// restartDrain gives CloseWhenDone its time anew, after progress.
func (c *Conn) restartDrain() {
	c.rare.drainMs = c.loop.nowMs + ms(c.loop.opts.DrainTimeout)
	c.arm()
}

// drainExpired ends a CloseWhenDone that has made no progress for the drain time.
func (c *Conn) drainExpired() {
	l := c.loop
	r := c.rare
	unsent, err := l.calls.OutQueue(int(c.fd))
	if err != nil {
		unsent = 0
	}
	// The kernel may still be making progress, with a queue too full to take more; on the first
	// look there is nothing to compare with.
	if unsent > 0 && (r.unsent == 0 || unsent < r.unsent) {
		r.unsent = unsent
		c.restartDrain()
		return
	}
	c.fail(fmt.Errorf("%w: %d bytes queued, %d not acknowledged, peer's end seen: %t",
		ErrDrainTimeout, c.Queued(), unsent, c.state&readClosed != 0))
}
