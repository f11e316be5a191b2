//go:build linux

package loop

import (
	"errors"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/producer"
)

// output is what a connection has only while the socket does not take all.
//
// Invariant: conn.out is this output, or conn is nil and the queue is empty.
type output struct {
	conn  *Conn
	queue producer.Queue
	woken atomic.Bool // a wake-up is in the mailbox
	busy  bool        // inside drain, whose callbacks must not drain again
}

// output returns the connection's queue, which it gets if it had none.
func (c *Conn) output() *output {
	if c.out != nil {
		return c.out
	}
	l := c.loop
	if n := len(l.outputs); n > 0 {
		c.out = l.outputs[n-1]
		l.outputs = l.outputs[:n-1]
	} else {
		o := &output{}
		o.queue.Init(&l.sys, func() { l.wakeOutput(o) })
		c.out = o
	}
	c.out.conn = c
	return c.out
}

// dropOutput gives the queue back, unless something is pushed to it meanwhile.
func (c *Conn) dropOutput() {
	o := c.out
	if o == nil {
		return
	}
	if !o.queue.Settled() { // a settled queue keeps its memory for the next user
		o.queue.Discard()
		if !o.queue.Empty() { // pushed by a done that was owed since the panic of another
			c.loop.schedule(c)
			return
		}
	}
	c.out = nil
	o.conn, o.busy = nil, false
	c.loop.outputs = append(c.loop.outputs, o)
}

// flush writes what is staged. What the socket does not take moves to the queue.
func (c *Conn) flush() {
	s := &c.loop.stage
	size := s.size()
	if size == 0 {
		return
	}
	if c.state&(closed|broken) != 0 {
		s.reset()
		return
	}
	if c.state&connecting != 0 {
		c.spill()
		return
	}
	n, errno := c.writeStage()
	switch {
	case errno == 0 || errno == unix.EAGAIN:
		if n < size {
			c.state |= blocked
			c.spillFrom(n)
		}
		s.reset()
	default:
		s.reset()
		c.writeFailed(os.NewSyscallError("write", errno))
	}
}

func (c *Conn) writeStage() (n int, errno unix.Errno) {
	l := c.loop
	s := &l.stage
	one := s.buf[:s.used]
	if len(s.parts) > 0 {
		s.seal()
		one = s.part(0)
	}
	for {
		if len(s.parts) <= 1 {
			n, errno = l.sys.Calls.Write(int(c.fd), one)
		} else {
			n, errno = l.sys.Calls.Writev(int(c.fd), s.parts)
		}
		if errno != unix.EINTR {
			break
		}
	}
	if errno != 0 {
		return 0, errno
	}
	l.stats.BytesOut += uint64(n)
	l.stats.Writes++
	c.activeMs = l.nowMs
	return n, 0
}

// spill moves what is staged to the queue, unwritten, so that it keeps its place before what is queued next.
func (c *Conn) spill() {
	s := &c.loop.stage
	if c.loop.cur == c && s.size() > 0 {
		c.spillFrom(0)
		s.reset()
	}
}

func (c *Conn) spillFrom(n int) {
	s := &c.loop.stage
	s.seal()
	queue := &c.output().queue
	for i := range s.parts {
		part := s.part(i)
		if n >= len(part) {
			n -= len(part)
			continue
		}
		queue.PushCopy(part[n:])
		n = 0
	}
	c.mark()
}

// mark sets above if the queue has passed the high-water mark.
func (c *Conn) mark() {
	if c.waiting() > int64(c.loop.opts.HighWater) && c.state&above == 0 {
		c.state |= above
		if c.outputMs() != 0 {
			c.beginAbove()
		}
	}
}

// drain writes queued output until the queue is empty, the socket is full, the head producer has
// nothing yet, or the turn's budget is spent.
func (c *Conn) drain() {
	l := c.loop
	queue := &c.out.queue
	for budget := int64(l.opts.WriteBudget); !queue.Empty(); {
		c.out.busy = true
		n, err := queue.WriteTo(int(c.fd))
		c.out.busy = false
		if c.state&closed != 0 { // by a done or a More
			return
		}
		if n > 0 {
			l.stats.BytesOut += uint64(n)
			l.stats.Writes++
			c.activeMs = l.nowMs
			if c.state&closing != 0 {
				c.rare.drainMs = l.nowMs + ms(l.opts.DrainTimeout)
				c.rare.unsent = 0 // with these bytes there is nothing to compare with
			}
			budget -= n
		}
		switch {
		case err == nil && (budget > 0 || queue.Empty()):
		case err == nil, errors.Is(err, producer.ErrBlocked):
			c.state |= blocked // on a spent budget too: EPOLLOUT comes next turn
			return
		case errors.Is(err, producer.ErrNotReady):
			return
		default:
			if _, socket := err.(*os.SyscallError); socket {
				c.writeFailed(err)
			} else {
				c.fail(err) // a producer's, whatever it wraps: the stream cannot go on
			}
			return
		}
	}
}

// writable goes on writing after EPOLLOUT.
func (c *Conn) writable() {
	c.state &^= blocked
	if c.out != nil {
		c.drain()
	}
}

// relieve undoes above when the queue has fallen to the low-water mark, and tells the handler.
func (c *Conn) relieve() {
	if c.state&(above|closed) != above || c.waiting() > int64(c.loop.opts.LowWater) {
		return
	}
	c.state &^= above
	c.restartElement()
	c.loop.schedule(c)
	if c.state&unwritable != 0 {
		return
	}
	if h, ok := c.handler.(Drainer); ok {
		if err := h.Drained(c); err != nil {
			c.fail(err)
		}
	}
}

// writeFailed gives up writing. The peer may have sent bytes before it went: they are still read
// and delivered, and the end of them closes the connection. A paused one has DrainTimeout to go on.
func (c *Conn) writeFailed(err error) {
	if c.state&closed != 0 {
		return
	}
	if c.cause == nil {
		c.cause = err
	}
	peerGone := errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET)
	if !peerGone || c.state&(closing|readClosed) != 0 {
		c.fail(err)
		return
	}
	c.state |= broken | writeClosed
	c.state &^= above | blocked
	if c.out != nil {
		c.out.queue.Discard()
	}
	c.activeMs = c.loop.nowMs
	c.arm()
	c.loop.schedule(c)
}

// wakeOutput is called by a producer, on any goroutine, that has something again.
func (l *Loop) wakeOutput(o *output) {
	if o.woken.CompareAndSwap(false, true) {
		// One for each output at most, so no limit applies; a closed loop needs none.
		_ = l.mail.PutAlways(message{output: o})
	}
}

func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
