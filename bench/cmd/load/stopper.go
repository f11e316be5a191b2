package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// errInterrupted ends a load that was asked to end by a signal.
var errInterrupted = errors.New("interrupted")

// stopper turns a signal into a descriptor that is readable, because the loop waits for descriptors only.
//
// Invariant: fd stays readable once a signal came, since nobody reads it.
type stopper struct {
	fd      int
	signals chan os.Signal
	done    chan struct{} // closed when its goroutine has ended
}

// newStopper begins to listen to SIGINT and SIGTERM.
func newStopper() (*stopper, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	s := &stopper{fd: fd, signals: make(chan os.Signal, 1), done: make(chan struct{})}
	signal.Notify(s.signals, syscall.SIGINT, syscall.SIGTERM)
	go s.listen()
	return s, nil
}

// listen passes every signal on, until there can be no more.
func (s *stopper) listen() {
	defer close(s.done)
	one := binary.NativeEndian.AppendUint64(nil, 1)
	for range s.signals {
		_, _ = unix.Write(s.fd, one) // it fails only where the descriptor has been readable for long
	}
}

// close leaves signals to the runtime again, and returns when the goroutine has ended.
func (s *stopper) close() error {
	signal.Stop(s.signals)
	close(s.signals)
	<-s.done
	if err := unix.Close(s.fd); err != nil {
		return fmt.Errorf("closing the eventfd: %w", err)
	}
	return nil
}
