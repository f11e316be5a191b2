//go:build linux

package loop

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sys/unix"
)

// judge checks what Closed was told against what the kernel knows.
func (w *simWorld) judge(e *simEnd) {
	if err := w.unexplained(e); err != nil {
		e.fail("Closed got %v: %v", e.cause, err)
	}
	inOrder := e.cause == nil || e.cause == io.EOF
	s := e.sock
	if s == nil || !inOrder || len(s.Faults()) > 0 {
		return
	}
	if e.cause == nil && !e.gaveUp && !s.SawEnd() {
		e.fail("Closed got nil, and the peer has not ended its side")
	}
	if e.cause == io.EOF && !e.gaveUp {
		e.delivered("Closed with EOF")
	}
	if !e.gaveUp && (s.Sent() != e.out.sent || s.Arrived() != s.Sent()) {
		e.fail("Closed got %v: of %d bytes pushed %d were sent and %d arrived", e.cause, e.out.sent, s.Sent(), s.Arrived())
	}
}

// unexplained returns why a cause cannot be right, or nil.
func (w *simWorld) unexplained(e *simEnd) error {
	s, cause := e.sock, e.cause
	late := func(since int64, limit int64) error {
		if passed := w.k.Now() - since; passed < limit-w.slackNs {
			return fmt.Errorf("only %d of %d ms have passed", passed/1e6, limit/1e6)
		}
		return nil
	}
	check := func(ok bool, why string) error {
		if !ok {
			return errors.New(why)
		}
		return nil
	}
	switch {
	case errors.Is(cause, ErrShutdown):
		return check(w.closing, "the loop does not close")
	case errors.Is(cause, errHandler):
		return check(e.gaveUp || e.opens > 0 && !e.link.calm, "the handler did not ask for it")
	case errors.Is(cause, ErrPanic):
		return check(e.gaveUp, "no callback panics")
	case cause == nil:
		return check(e.asked || e.gaveUp || w.quitting || s != nil && s.SawEnd(), "nobody closed")
	case cause == io.EOF:
		return check(s.SawEnd() || len(s.Faults()) > 0, "the end of the stream was not read")
	case errors.Is(cause, ErrElementTooLong):
		return check(w.opts.Oversize == CloseOversize && e.tooLong(), "the element is not too long")
	case errors.Is(cause, ErrOutputFull):
		return check(e.overflowed || e.async, "no push said so")
	case errors.Is(cause, ErrConnectTimeout):
		return late(e.bornNs, int64(w.opts.ConnectTimeout))
	case errors.Is(cause, ErrDeadline):
		return late(e.deadlineNs, 0)
	case errors.Is(cause, ErrIdle):
		return late(s.MovedNs(), int64(w.opts.IdleTimeout))
	case errors.Is(cause, ErrElementTimeout):
		return late(e.elementNs, int64(w.opts.ElementTimeout))
	case errors.Is(cause, ErrDrainTimeout) && s.Received() > uint64(w.opts.DrainBytes):
		return nil
	case errors.Is(cause, ErrDrainTimeout):
		return late(e.bornNs, int64(w.opts.DrainTimeout))
	}
	return w.failure(e, errnoIn(cause))
}

// failure is unexplained for the error of a system call.
func (w *simWorld) failure(e *simEnd, errno unix.Errno) error {
	s := e.sock
	switch {
	case errno == 0:
		return errors.New("nothing made it")
	case s == nil: // socket(2) itself
		if w.k.Struck > 0 || errno == unix.EMFILE && w.k.Full > 0 {
			return nil
		}
	case slices.Contains(s.Faults(), errno):
		return nil
	case s.WasReset():
		if slices.Contains([]unix.Errno{unix.ECONNRESET, unix.EPIPE, unix.ENOTCONN, unix.ECONNREFUSED}, errno) {
			return nil
		}
	case errno == unix.EPIPE && len(s.Faults()) > 0:
		return nil
	}
	return fmt.Errorf("the kernel did nothing of the kind")
}
