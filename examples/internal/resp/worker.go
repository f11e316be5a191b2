//go:build linux

package resp

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/millrace-net/millrace/loop"
)

const (
	sweepEvery   = 100 * time.Millisecond
	sweepEntries = 1024 // looked at in one round of a sweep
	sweepRounds  = 4    // at most, in one sweep

	keptQueries   = 64       // idle queries that a worker keeps
	keptBytes     = 64 << 10 // the most that a kept buffer holds
	keptArguments = 1 << 10  // the most arguments that a kept buffer has room for
)

// worker is what the sessions of one loop share: the memory that only a command in hand needs. Loop's goroutine only,
// but for commands.
//
// Invariant: between callbacks reply and args are empty; every query in free is empty and at most keptBytes long.
type worker struct {
	server   *server
	timer    *loop.Timer
	reply    reply
	args     [][]byte
	free     []*query
	commands atomic.Uint64 // run so far; any goroutine may read it
}

// borrow returns an empty query, which its session gives back by recycle.
func (w *worker) borrow() *query {
	last := len(w.free) - 1
	if last < 0 {
		return new(query)
	}
	q := w.free[last]
	w.free[last] = nil
	w.free = w.free[:last]
	return q
}

// recycle keeps q for the next command, unless one large command has made it large.
func (w *worker) recycle(q *query) {
	if len(w.free) == keptQueries || cap(q.buf) > keptBytes || cap(q.ends) > keptArguments {
		return
	}
	q.buf, q.ends = q.buf[:0], q.ends[:0]
	w.free = append(w.free, q)
}

// settle empties what the command in hand used.
func (w *worker) settle(args [][]byte) {
	clear(args)
	w.args = args[:0]
	if cap(w.args) > keptArguments {
		w.args = nil
	}
	w.reply.buf = w.reply.buf[:0]
	if cap(w.reply.buf) > 4*keptBytes {
		w.reply.buf = nil
	}
}

// sweep removes expired keys that nobody asks for, and more of them at once while many are found. It is bounded, so that the loop's
// connections wait for it a fraction of a millisecond.
func (w *worker) sweep() {
	for range sweepRounds {
		examined, removed := w.server.store.sweep(sweepEntries)
		if 4*removed <= examined {
			break
		}
	}
	w.timer.Reset(sweepEvery)
}

// check reports a broken invariant, for tests.
func (w *worker) check() error {
	if len(w.reply.buf) != 0 || len(w.args) != 0 {
		return errors.New("a worker holds a reply or arguments between callbacks")
	}
	for _, q := range w.free {
		if len(q.buf) != 0 || len(q.ends) != 0 || cap(q.buf) > keptBytes {
			return errors.New("a free query is not empty, or too large")
		}
	}
	return nil
}
