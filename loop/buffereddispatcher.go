//go:build linux

package loop

import "fmt"

// BufferedDispatcher is a BaseDispatcher that keeps what the socket does not take: asyncore's
// dispatcher_with_send. Embed it, and write with its Send. It wants to write only while it keeps
// something. It goes on reading meanwhile, unless the program's Readable looks at Buffered. What it
// keeps when the channel closes is lost: a Conn, which has CloseWhenDone, is safer.
//
// Invariant: out[at:] waits to be written; out is nil if nothing does.
type BufferedDispatcher struct {
	BaseDispatcher
	out []byte
	at  int
}

// Send writes p, which stays the caller's, and keeps a copy of what is not taken now, or comes before
// the channel is connected, to be written in order. If kept bytes and p together are more than
// Options.MaxOutput it returns ErrOutputFull, and has taken nothing of p. A datagram socket, whose
// messages it would join, it refuses with ErrOption. Else its errors are ErrClosed and those of
// Channel.Send.
func (b *BufferedDispatcher) Send(ch *Channel, p []byte) error {
	switch {
	case ch.gone:
		return ErrClosed
	case ch.datagrams():
		return fmt.Errorf("%w: datagrams are not buffered", ErrOption)
	case b.Buffered()+len(p) > ch.loop.opts.MaxOutput:
		return fmt.Errorf("%w: %d bytes wait, and %d more", ErrOutputFull, b.Buffered(), len(p))
	case b.out == nil && ch.Connected():
		n, err := ch.Send(p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	if len(p) > 0 {
		b.out = append(b.out, p...)
	}
	return nil
}

// Buffered returns how many bytes wait to be written.
func (b *BufferedDispatcher) Buffered() int { return len(b.out) - b.at }

// Writable tells whether bytes wait.
func (b *BufferedDispatcher) Writable() bool { return b.out != nil }

// HandleWrite writes what waits, or as much of it as is taken.
func (b *BufferedDispatcher) HandleWrite(ch *Channel) error {
	n, err := ch.Send(b.out[b.at:])
	if err != nil {
		return err
	}
	b.at += n
	switch {
	case b.at == len(b.out):
		b.out, b.at = nil, 0
	case b.at > len(b.out)/2: // so that no more is moved than was written
		b.out, b.at = b.out[:copy(b.out, b.out[b.at:])], 0
	}
	return nil
}
