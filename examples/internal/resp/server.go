//go:build linux

package resp

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// ErrConfig is wrapped by the error of New: the message says which field makes no sense.
var ErrConfig = errors.New("resp: bad config")

// Config bounds what one client may send. The zero value is good; a zero field means its default.
type Config struct {
	// MaxArgs is the most arguments of one command, its name included: default 1 Mi.
	MaxArgs int
	// MaxBulkBytes is the longest argument, and the longest value that APPEND makes, in bytes: default 64 MiB, at most 1 GiB.
	MaxBulkBytes int
	// MaxCommandBytes is the most bytes of all arguments of one command: default 128 MiB, at most 1 GiB.
	MaxCommandBytes int
	// Clock tells the time that keys expire by, and TIME: default time.Now. It is called from any goroutine.
	Clock func() time.Time
}

func (o Config) withDefaults() (Config, error) {
	for _, f := range []struct {
		name       string
		field      *int
		unset, max int
	}{
		{"MaxArgs", &o.MaxArgs, 1 << 20, math.MaxInt32},
		{"MaxBulkBytes", &o.MaxBulkBytes, 64 << 20, 1 << 30},
		{"MaxCommandBytes", &o.MaxCommandBytes, 128 << 20, 1 << 30},
	} {
		if *f.field == 0 {
			*f.field = f.unset
		}
		if *f.field < 1 || *f.field > f.max {
			return o, fmt.Errorf("%w: %s is %d, must be 1 to %d", ErrConfig, f.name, *f.field, f.max)
		}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o, nil
}

// Options returns loop options that fit this protocol: lines of at most 64 KiB, of which one that is longer is told so
// before the connection closes; room in the output queue for the largest values; and one acceptor, so that
// a port in use is an error, which SO_REUSEPORT would hide. With other options the server works too, as long as
// MaxElement is not below 64 KiB.
func Options() loop.Options {
	return loop.Options{
		Balance:    loop.LeastConns,
		MaxElement: lineMax,
		Oversize:   loop.DiscardOversize,
		MaxOutput:  256 << 20,
	}
}

// New returns the factory of a new, empty server, for one loop.Loop or loop.Set. Each loop that gets a connection of it
// keeps a timer for as long as it runs. The error wraps ErrConfig. Any goroutine.
func New(o Config) (loop.Factory, error) {
	s, err := newServer(o)
	if err != nil {
		return nil, err
	}
	return s.accept, nil
}

// server is what all loops share.
//
// Invariant: every open session is in clients under its id, and no other; workers has one worker for each loop that had
// a connection.
type server struct {
	config   Config              // immutable
	commands map[string]*command // immutable
	store    *store
	began    time.Time // immutable
	ids      atomic.Int64

	mu      sync.Mutex
	clients map[int64]*session     // guarded by mu
	workers map[*loop.Loop]*worker // guarded by mu
}

func newServer(o Config) (*server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	clock := o.Clock
	return &server{
		config:   o,
		commands: commandTable(),
		store:    newStore(func() int64 { return clock().UnixMilli() }),
		began:    clock(),
		clients:  make(map[int64]*session),
		workers:  make(map[*loop.Loop]*worker),
	}, nil
}

// accept is the loop.Factory.
func (srv *server) accept(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.LF)
	return &session{conn: c, worker: srv.workerOf(c.Loop()), id: srv.ids.Add(1), bulk: noBulk}
}

// workerOf returns the loop's worker, made at the loop's first connection. Loop's goroutine only.
func (srv *server) workerOf(l *loop.Loop) *worker {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	w := srv.workers[l]
	if w == nil {
		w = &worker{server: srv}
		w.timer = l.After(sweepEvery, w.sweep)
		srv.workers[l] = w
	}
	return w
}

// check reports a broken invariant of the server, its sessions and workers. It is for tests, when no connection is being opened
// or closed.
func (srv *server) check() error {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for id, s := range srv.clients {
		if s.id != id {
			return fmt.Errorf("client %d is listed as %d", s.id, id)
		}
		if srv.workers[s.conn.Loop()] != s.worker {
			return fmt.Errorf("client %d has the worker of another loop", id)
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("client %d: %w", id, err)
		}
	}
	for _, w := range srv.workers {
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}
