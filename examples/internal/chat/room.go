//go:build linux

package chat

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// lineEnd ends a line: of two ends at the same byte, the longer one.
var lineEnd = func() match.Terminator {
	t, err := match.Any([]byte("\n"), []byte("\r\n"))
	if err != nil {
		panic(err) // the literals are constant
	}
	return t
}()

// lineTime is how long a person may take over one line where the terminal sends every key at once.
const lineTime = 5 * time.Minute

// New returns the factory of a new, empty room: all connections that it makes handlers for meet in that room, whatever their
// loops, listeners and sets. The factory is for a loop to call.
func New() loop.Factory { return newRoom().enter }

// room is what the halls of all loops share.
//
// Invariant: halls only grows, and has one hall for each loop that ever had a connection of the room.
type room struct {
	mu    sync.Mutex              // held to add a hall
	halls atomic.Pointer[[]*hall] // replaced, never changed
	names names
}

func newRoom() *room {
	r := &room{}
	r.halls.Store(&[]*hall{})
	return r
}

// enter makes the handler of a new connection.
func (r *room) enter(c *loop.Conn) loop.Handler {
	c.SetTerminator(lineEnd)
	c.SetElementTimeout(lineTime)
	return &member{conn: c, hall: r.hall(c.Loop()), at: outside}
}

// hall returns the hall of l, on whose goroutine it is called: so nobody else adds the same one.
func (r *room) hall(l *loop.Loop) *hall {
	for _, h := range *r.halls.Load() {
		if h.loop == l {
			return h
		}
	}
	h := &hall{room: r, loop: l}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := *r.halls.Load()
	halls := append(old[:len(old):len(old)], h)
	r.halls.Store(&halls)
	return h
}
