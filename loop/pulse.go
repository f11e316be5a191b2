//go:build linux

package loop

import "sync/atomic"

// What a pulse holds besides the number of a turn, which has turnBit set.
const (
	asleep  uint32 = 0 // in an epoll_wait that may block, not begun, or ended
	parked  uint32 = 1 // asleep, and the watchdog wants to be told when that ends
	turnBit uint32 = 2
	turnOne uint32 = 4 // the next turn
)

// pulse tells the watchdog whether a loop sleeps, and else which turn it is in: one store a turn, and another before
// an epoll_wait that may block. Without a watchdog there is none.
//
// Invariant: parked is set by the watchdog alone, in place of asleep; who replaces it rings the bell.
type pulse struct {
	dog    atomic.Pointer[watchdog] // nil, or the one that looks at the loop; set before it runs, and once
	turn   uint32                   // loop's goroutine only
	state  atomic.Uint32            // any goroutine
	stalls atomic.Uint64            // any goroutine
}

// sleep is called before the loop may block in epoll_wait, and when it has ended. Loop's goroutine only.
func (p *pulse) sleep() {
	if p.dog.Load() != nil {
		p.state.Store(asleep)
	}
}

// beat is called when the loop begins, and when a wait has ended. Loop's goroutine only.
func (p *pulse) beat() {
	w := p.dog.Load()
	if w == nil {
		return
	}
	p.turn += turnOne
	if p.state.Swap(p.turn|turnBit) == parked {
		w.ring()
	}
}
