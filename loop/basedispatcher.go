//go:build linux

package loop

import (
	"errors"
	"io"
)

var errUnhandled = errors.New("loop: readable, and the dispatcher has no HandleRead")

// BaseDispatcher has the defaults of asyncore's dispatcher: it wants to read and to write, always.
// Embed it, and write the methods that the program needs. A program that has nothing to write must
// have a Writable that says so, or the loop never waits.
type BaseDispatcher struct{}

// Readable says yes.
func (BaseDispatcher) Readable() bool { return true }

// Writable says yes.
func (BaseDispatcher) Writable() bool { return true }

// HandleRead returns an error, which closes the channel: nobody would ever read.
func (BaseDispatcher) HandleRead(*Channel) error { return errUnhandled }

// HandleWrite does nothing.
func (BaseDispatcher) HandleWrite(*Channel) error { return nil }

// HandleClose logs a cause other than io.EOF, at the level Warn.
func (BaseDispatcher) HandleClose(ch *Channel, cause error) {
	if cause != nil && cause != io.EOF {
		ch.loop.opts.Logger.Warn("millrace: a dispatcher was closed", "descriptor", ch.fd, "cause", cause)
	}
}
