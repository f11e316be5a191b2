//go:build linux

package loop

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Set is one Loop a core. All its methods may be called from any goroutine; but Run, Shutdown and
// Stats wait for the loops, so a callback must leave them to another goroutine.
type Set struct {
	opts    Options
	loops   []*Loop
	next    atomic.Uint32
	mu      sync.Mutex
	running bool // guarded by mu
	stopped bool // guarded by mu: by Shutdown or Close
}

// NewSet makes the loops, which Run starts. A Set that is not run must be closed by Close. The
// errors wrap ErrOption or the system call's.
func NewSet(o Options) (*Set, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Set{opts: o}
	for i := range o.Loops {
		l, err := newLoop(o, i)
		if err != nil {
			_ = s.Close()
			return nil, fmt.Errorf("loop %d: %w", i, err)
		}
		s.loops = append(s.loops, l)
	}
	return s, nil
}

// Loops returns the loops of the set, a new slice of them.
func (s *Set) Loops() []*Loop { return append([]*Loop(nil), s.loops...) }

// Listen accepts connections to address, shared between the loops as Options.Balance says, from Run
// on; the kernel queues those that come before. Networks, addresses and errors are those of
// Loop.Listen.
func (s *Set) Listen(network, address string, factory Factory) (*Listener, error) {
	return listen(s.loops, network, address, factory, s.opts.Balance)
}

// Dial is Loop.Dial on the loop with the fewest connections.
func (s *Set) Dial(network, address string, factory Factory) error {
	first := int(s.next.Add(1) % uint32(len(s.loops)))
	best := s.loops[first]
	for i := range s.loops {
		if l := s.loops[(first+i)%len(s.loops)]; l.conns.Load() < best.conns.Load() {
			best = l
		}
	}
	return best.Dial(network, address, factory)
}

// Run runs every loop on a thread of its own until ctx is done or Shutdown has ended, and returns
// when all have ended and all connections are closed. When ctx is done it drains as Shutdown does,
// for at most twice Options.DrainTimeout. If a loop fails the others are drained too. One watchdog
// looks at all of them: see Options.StallTimeout. It returns
// nil after an orderly end, else the errors of the loops joined; ErrRunning or ErrClosed if it
// cannot run.
func (s *Set) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running || s.stopped {
		defer s.mu.Unlock()
		if s.running {
			return ErrRunning
		}
		return ErrClosed
	}
	s.running = true
	s.mu.Unlock()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer watch(s.opts, s.loops...)()
	errs := make([]error, len(s.loops))
	var wg sync.WaitGroup
	for i, l := range s.loops {
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() { // a Goexit in a callback ends this goroutine, not only Run
				if errs[i] == errUnset {
					errs[i] = ErrGoexit
				}
				if errs[i] != nil {
					cancel()
				}
			}()
			errs[i] = errUnset
			errs[i] = l.run(ctx, false)
		}()
	}
	wg.Wait()
	return errors.Join(errs...)
}

var errUnset = errors.New("loop: unset")

// Shutdown ends the set in order: listeners accept what is queued and close; what peers have sent
// before is answered; a Quitter is told, and every other connection ends by CloseWhenDone as soon
// as it is between two elements. It returns nil when all connections are closed and Run is about to
// return. When ctx is done first, what is left is closed with ErrShutdown, and Shutdown returns
// ctx's error; without a deadline, a connection amid an element may take its element and idle
// times. A set that does not run is closed as by Close. Idempotent.
func (s *Set) Shutdown(ctx context.Context) error {
	if !s.stop() {
		return nil
	}
	for _, l := range s.loops {
		l.beginQuit(0)
	}
	for _, l := range s.loops {
		select {
		case <-l.done:
		case <-ctx.Done():
			for _, l := range s.loops {
				l.force()
			}
			return ctx.Err()
		}
	}
	return nil
}

// Close closes a set that was not run; for one that runs, it closes all connections at once with
// ErrShutdown, and Run returns. Idempotent; a callback may call it, and so a call during another one
// does not wait for it.
func (s *Set) Close() error {
	if s.stop() {
		for _, l := range s.loops {
			l.force()
		}
	}
	return nil
}

// stop reports whether the set runs. If it does not it will not, and the first to call stop closes the loops: without holding
// mu, for their callbacks may call Close.
func (s *Set) stop() (running bool) {
	s.mu.Lock()
	running, first := s.running, !s.stopped
	s.stopped = true
	s.mu.Unlock()
	if !running && first {
		for _, l := range s.loops {
			_ = l.Close() // it has no error to report
		}
	}
	return running
}

// Stats sums the counts of all loops. A loop that does not answer within a second, because a
// callback blocks it, is left out.
func (s *Set) Stats() Stats {
	var sum Stats
	s.mu.Lock()
	idle := !s.running && !s.stopped
	if idle { // and neither Run nor Close can begin while mu is held
		for _, l := range s.loops {
			one := l.Stats()
			sum.add(&one)
		}
	}
	s.mu.Unlock()
	if !idle {
		for _, l := range s.loops {
			if one, ok := l.ask(); ok {
				sum.add(&one)
			}
		}
	}
	return sum
}

// ListenAndServe accepts connections to address on one loop a core, with default options, for ever.
// It returns only an error: that of NewSet, Listen or Run.
func ListenAndServe(network, address string, h func(c *Conn) Handler) error {
	s, err := NewSet(Options{})
	if err != nil {
		return err
	}
	if _, err := s.Listen(network, address, h); err != nil {
		return errors.Join(err, s.Close())
	}
	return s.Run(context.Background())
}
