//go:build linux

package loop

import (
	"fmt"

	"github.com/millrace-net/millrace/producer"
)

// queuedOverhead is what each queued piece counts above its bytes.
const queuedOverhead = 1 << 10

// Push queues p, which belongs to the caller again when Push returns. In a callback of
// this connection everything pushed leaves in one write when the event has been handled. A
// large p that is a slice of the data being received is not even copied: those bytes
// must not be changed any more, by this callback or another of the same event.
//
// It returns ErrClosed after Close, CloseWhenDone or CloseWrite and after a failed write, and
// ErrOutputFull, under RefuseOverflow, if p would pass Options.MaxOutput. Then nothing
// was queued.
func (c *Conn) Push(p []byte) error {
	l := c.loop
	if c.state&unwritable != 0 {
		return ErrClosed
	}
	if len(p) == 0 {
		return nil
	}
	if l.cur == c && c.out == nil {
		if l.stage.add(p) {
			return nil
		}
		if err := c.admit(len(p)); err != nil {
			return err
		}
		return c.pushLarge(p)
	}
	if err := c.admit(len(p)); err != nil {
		return err
	}
	c.output().queue.PushCopy(p)
	return c.queued()
}

// PushString is Push for a string.
func (c *Conn) PushString(s string) error { return c.Push(bytesOf(s)) }

// pushLarge writes what is staged, to make room, and then p, as far as the socket takes it. Only the rest is copied.
func (c *Conn) pushLarge(p []byte) error {
	l := c.loop
	c.flush()
	if c.state&unwritable != 0 {
		return ErrClosed
	}
	if c.out == nil && l.stage.add(p) {
		return nil
	}
	if c.out == nil {
		l.stage.link(p)
		c.flush()
		if c.state&unwritable != 0 {
			return ErrClosed
		}
		return c.queuedIfAny()
	}
	c.out.queue.PushCopy(p)
	return c.queued()
}

// PushOwned queues p without ever copying it. p belongs to the connection until
// done (which may be nil) is called with it, exactly once, on the loop: after p was
// written, or dropped because the connection closed. The errors are those of Push; with one, done is
// not called.
func (c *Conn) PushOwned(p []byte, done func(p []byte)) error {
	if c.state&unwritable != 0 {
		return ErrClosed
	}
	if err := c.admit(len(p)); err != nil {
		return err
	}
	c.spill()
	c.output().queue.PushOwned(p, done)
	return c.queued()
}

// PushProducer queues p: what it makes is sent after all that was queued before.
// The connection owns p: if p is an io.Closer it is closed once it is exhausted or
// dropped. An error of More, other than io.EOF and producer.ErrNotReady, closes the connection with it. The
// errors are those of Push; with one, p still is the caller's.
func (c *Conn) PushProducer(p producer.Producer) error {
	if c.state&unwritable != 0 {
		return ErrClosed
	}
	if err := c.admit(0); err != nil {
		return err
	}
	c.spill()
	c.output().queue.Push(p)
	return c.queued()
}

// admit refuses n more bytes that would pass MaxOutput under RefuseOverflow.
func (c *Conn) admit(n int) error {
	l := c.loop
	if l.opts.Overflow == RefuseOverflow && c.waiting()+int64(n)+queuedOverhead > int64(l.opts.MaxOutput) {
		return fmt.Errorf("%w: %d bytes wait, %d more pass the cap of %d", ErrOutputFull, c.waiting(), n, l.opts.MaxOutput)
	}
	return nil
}

// waiting is what the water marks measure.
func (c *Conn) waiting() int64 {
	if c.out == nil {
		return 0
	}
	return c.out.queue.Size() + int64(c.out.queue.Len())*queuedOverhead
}

// queued looks at the water marks after a push to the queue, and has it flushed.
func (c *Conn) queued() error {
	l := c.loop
	if l.cur != c {
		l.schedule(c)
	}
	waiting := c.waiting()
	if waiting <= int64(l.opts.HighWater) {
		return nil
	}
	if waiting > int64(l.opts.MaxOutput) && c.state&(blocked|connecting) == 0 && !c.out.busy {
		// The socket has not been asked yet: it may take enough.
		c.drain()
		if c.state&closed != 0 {
			return ErrClosed
		}
		waiting = c.waiting()
	}
	if waiting > int64(l.opts.MaxOutput) {
		c.fail(fmt.Errorf("%w: %d bytes wait, the cap is %d", ErrOutputFull, waiting, l.opts.MaxOutput))
		return c.cause
	}
	if waiting > int64(l.opts.HighWater) {
		c.state |= above
	}
	return nil
}

func (c *Conn) queuedIfAny() error {
	if c.out == nil {
		return nil
	}
	return c.queued()
}
