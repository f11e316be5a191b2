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
// has a deadline.
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

// begin runs f on a goroutine of its own, unless there are too many.
func (b *bridges) begin(f func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count == maxBridges {
		return false
	}
	b.count++
	b.running.Go(func() {
		f()
		b.mu.Lock()
		b.count--
		b.mu.Unlock()
	})
	return true
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

// end waits for all, which takes linger at most. The loops have ended before.
func (b *bridges) end() {
	b.mu.Lock()
	b.ending = true
	for nc := range b.open {
		_ = nc.SetDeadline(time.Now().Add(b.linger))
	}
	b.mu.Unlock()
	b.running.Wait()
}
