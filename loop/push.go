//go:build linux

package loop

import (
	"fmt"
	"unsafe"

	"github.com/millrace-net/millrace/producer"
)

// queuedOverhead is what each queued piece counts above its bytes.
const queuedOverhead = 1 << 10

// Push queues p, which belongs to the caller again when Push returns. In a callback of this
// connection everything pushed leaves in one write when the event has been handled. A large p that
// is a slice of the data being received is not even copied: those bytes must not be changed any
// more, by this callback or another of the same event.
//
// It returns ErrClosed after Close, CloseWhenDone or CloseWrite and after a failed write, and
// ErrOutputFull if p would pass Options.MaxOutput: under RefuseOverflow nothing was queued then,
// under CloseOverflow the connection is closed with that as its cause.
func (c *Conn) Push(p []byte) error {
	l := c.loop
	if n := len(p); uint(n-1) < refBytes-1 && l.cur == c && c.out == nil && c.state&(unwritable|connecting) == 0 {
		// What is copied in any case: what add does, without the calls.
		if s := &l.stage; uint(s.used) <= stageBytes-refBytes {
			dst, src := unsafe.Pointer(&s.buf[s.used]), unsafe.Pointer(&p[0])
			switch {
			case n > shortPush:
				copy(s.buf[s.used:], p)
			case n < 16:
				copyShort(dst, src, n)
			default:
				copy16(dst, src, 0)
				if n > 32 {
					copy16(dst, src, 16)
					copy16(dst, src, n-32)
				}
				copy16(dst, src, n-16) // this and the one before may overlap
			}
			s.used += n
			return nil
		}
	}
	return c.push(p)
}

// push is Push for p of any length.
func (c *Conn) push(p []byte) error {
	l := c.loop
	if c.state&unwritable != 0 {
		return ErrClosed
	}
	if len(p) == 0 {
		return nil
	}
	if l.cur == c && c.out == nil && c.state&connecting == 0 {
		if l.stage.add(p) {
			return nil
		}
		if l.opts.Overflow == RefuseOverflow {
			if err := c.admit(len(p)); err != nil {
				return err
			}
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

// pushLarge writes what is staged, to make room, and then p, as far as the socket takes it. Only
// the rest is copied.
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
		if c.waiting() > int64(l.opts.MaxOutput) && l.opts.Overflow == CloseOverflow {
			return c.overflow(0)
		}
		return nil
	}
	if err := c.admit(len(p)); err != nil {
		return err
	}
	c.out.queue.PushCopy(p)
	return c.queued()
}

// PushOwned queues p without ever copying it. p belongs to the connection until done (which may be
// nil) is called with it, exactly once, on the loop: after p was written, or dropped because the
// connection closed; it may be called from within a later push. The errors are those of Push; with
// one, p was not queued and done is not called.
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

// PushProducer queues p: what it makes is sent after all that was queued before. The connection
// owns p: if p is an io.Closer it is closed once it is exhausted or dropped. An error of More,
// other than io.EOF and producer.ErrNotReady, closes the connection with it. The errors are those
// of Push; with one, p still is the caller's.
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

// admit checks that n more bytes keep within MaxOutput, before they are queued, and applies the policy.
func (c *Conn) admit(n int) error {
	limit := int64(c.loop.opts.MaxOutput)
	more := int64(n) + queuedOverhead
	if c.waiting()+more <= limit {
		return nil
	}
	if c.out != nil && c.state&(blocked|connecting) == 0 && !c.out.busy {
		c.drain() // the socket has not been asked since it was last writable
		if c.loop.cur != c {
			c.loop.schedule(c) // it may be full now, which epoll has to know
		}
		if c.state&unwritable != 0 {
			return ErrClosed
		}
		if c.waiting()+more <= limit {
			return nil
		}
	}
	return c.overflow(n)
}

// overflow applies the policy to n bytes that pass MaxOutput.
func (c *Conn) overflow(n int) error {
	err := fmt.Errorf("%w: %d bytes wait, %d more pass the cap of %d", ErrOutputFull, c.waiting(), n, c.loop.opts.MaxOutput)
	if c.loop.opts.Overflow == CloseOverflow {
		c.fail(err)
	}
	return err
}

// waiting is what the water marks measure.
func (c *Conn) waiting() int64 {
	if c.out == nil {
		return 0
	}
	return c.out.queue.Size() + int64(c.out.queue.Len())*queuedOverhead
}

// queued looks at the high-water mark after a push to the queue, and has it flushed.
func (c *Conn) queued() error {
	if c.loop.cur != c {
		c.loop.schedule(c)
	}
	c.mark()
	return nil
}
