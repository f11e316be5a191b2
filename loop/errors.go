//go:build linux

package loop

import (
	"errors"
	"fmt"
)

// The errors of this package. Causes given to Closed wrap them; test with errors.Is. io.EOF as the
// cause of Closed means that the peer ended the stream in order; nil, that this side did.
var (
	// ErrClosed: the connection, listener, loop or set is closed, or CloseWhenDone was called
	// before. Nothing was queued.
	ErrClosed = errors.New("loop: closed")
	// ErrElementTooLong: an element passed Options.MaxElement in Whole delivery.
	ErrElementTooLong = errors.New("loop: element too long")
	// ErrOutputFull: queued output passed Options.MaxOutput.
	ErrOutputFull = errors.New("loop: output queue full")
	// ErrOutputTimeout: queued output did not fall from HighWater to LowWater in Options.OutputTimeout.
	ErrOutputTimeout = errors.New("loop: output timeout")
	// ErrTooManyConns: Options.MaxConns connections are open.
	ErrTooManyConns = errors.New("loop: too many connections")
	// ErrIdle: nothing arrived and nothing left for the idle time.
	ErrIdle = errors.New("loop: idle timeout")
	// ErrElementTimeout: an element was begun and not ended in time.
	ErrElementTimeout = errors.New("loop: element timeout")
	// ErrTooSlow: an element was begun, and came at less than Options.MinRate.
	ErrTooSlow = errors.New("loop: peer too slow")
	// ErrDeadline: the time given to Conn.SetDeadline came.
	ErrDeadline = errors.New("loop: deadline passed")
	// ErrDrainTimeout: after CloseWhenDone the peer did not take all, or did not end its side, in
	// time: queued bytes may be lost.
	ErrDrainTimeout = errors.New("loop: drain timeout")
	// ErrConnectTimeout: a Dial was not answered in time.
	ErrConnectTimeout = errors.New("loop: connect timeout")
	// ErrShutdown: the set or loop was shut down before the connection could drain.
	ErrShutdown = errors.New("loop: shut down")
	// ErrOverloaded: too much waits for the loop already (Options.MaxPosted).
	ErrOverloaded = errors.New("loop: too much posted")
	// ErrRunning: Run or Poll was called on a loop or set that runs or ran already.
	ErrRunning = errors.New("loop: already running")
	// ErrPanic: a callback panicked; the cause is a *PanicError.
	ErrPanic = errors.New("loop: panic in a callback")
	// ErrGoexit: a callback called runtime.Goexit, which ends the loop's goroutine.
	ErrGoexit = errors.New("loop: a callback called runtime.Goexit")
	// ErrOption: an option, address or argument makes no sense; the message says which.
	ErrOption = errors.New("loop: bad option")
	// ErrTruncated: a datagram was longer than MaxPacket; nothing of it was delivered.
	ErrTruncated = errors.New("loop: datagram too long")
	// ErrNotPollable: epoll refuses this kind of descriptor, such as a regular file.
	ErrNotPollable = errors.New("loop: descriptor cannot be polled")
)

// PanicError is the cause of a connection that a panic in one of its callbacks closed. It is
// ErrPanic for errors.Is, and unwraps to Value where that is an error.
type PanicError struct {
	Value any    // what was given to panic
	Stack []byte // the goroutine's stack, as debug.Stack prints it
}

// Error gives the value in one line, without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("%v: %v", ErrPanic, e.Value) }

// Is reports whether target is ErrPanic.
func (e *PanicError) Is(target error) bool { return target == ErrPanic }

// Unwrap returns Value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
