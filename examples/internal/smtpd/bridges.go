//go:build linux

package smtpd

import (
	"net"
	"sync"
	"time"
)

// maxBridges is how many clients may speak TLS at a time: each takes two goroutines, four descriptors and some 100 KiB.
const maxBridges = 4096

// bridges are the clients that speak TLS. Any goroutine.
//
// Invariant: open has at most count connections, and count is at most maxBridges; once ending is set, each of them
// has a deadline, and those of that time are closed when linger has passed.
type bridges struct {
	handshake time.Duration // how long one may take; immutable
	stall     time.Duration // how long a client may not read what is sent to it; immutable
	linger    time.Duration // how long one may stay when its session, or the server, has ended; immutable
	running   sync.WaitGroup

	mu     sync.Mutex
	count  int                   // guarded by mu, as the rest
	open   map[net.Conn]struct{} // those under way
	ending bool
}

// take counts a client in, unless there are too many.
func (b *bridges) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count == maxBridges {
		return false
	}
	b.count++
	return true
}

// give counts one out.
func (b *bridges) give() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count--
}

// run runs f, for a client that was counted in, on a goroutine of its own, and then counts it out.
func (b *bridges) run(f func()) {
	b.running.Go(func() {
		f()
		b.give()
	})
}

// enter puts nc on the list.
func (b *bridges) enter(nc net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		b.open = map[net.Conn]struct{}{}
	}
	b.open[nc] = struct{}{}
}

// leave takes nc off the list.
func (b *bridges) leave(nc net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, nc)
}

// allow sets a deadline d from now; 0 is none, unless the server ends.
func (b *bridges) allow(setDeadline func(time.Time) error, d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ending && (d == 0 || d > b.linger) {
		d = b.linger
	}
	var when time.Time
	if d > 0 {
		when = time.Now().Add(d)
	}
	_ = setDeadline(when) // a closed connection needs none
}

// end waits for all, which takes linger at most: a deadline alone would begin anew with each write to a client that reads
// a little now and then. The loops have ended before.
func (b *bridges) end() {
	b.mu.Lock()
	b.ending = true
	for nc := range b.open {
		_ = nc.SetDeadline(time.Now().Add(b.linger))
	}
	b.mu.Unlock()
	cut := time.AfterFunc(b.linger, b.cut)
	defer cut.Stop()
	b.running.Wait()
}

// cut closes those that are still under way.
func (b *bridges) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for nc := range b.open {
		_ = nc.Close() // whoever uses it sees an error
	}
}
