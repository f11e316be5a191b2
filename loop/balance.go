//go:build linux

package loop

import "github.com/cespare/xxhash/v2"

// balancer shares what one acceptor accepts between loops. Its methods are for the acceptor's loop.
type balancer struct {
	loops  []*Loop
	policy Balance
	next   int
}

func newBalancer(loops []*Loop, policy Balance) *balancer {
	return &balancer{loops: loops, policy: policy}
}

// pick returns the loop that the policy names, or, where it is full, the next that is not; nil if
// all are full.
func (b *balancer) pick() *Loop {
	first := b.next
	if b.policy == LeastConns {
		for i, l := range b.loops {
			if l.conns.Load() < b.loops[first].conns.Load() {
				first = i
			}
		}
	}
	for i := range b.loops {
		if l := b.loops[(first+i)%len(b.loops)]; l.room() {
			return l
		}
	}
	return nil
}

// choose is called when a connection was accepted for the picked loop. SourceHash moves it to the
// loop that the peer's address names, unless that is full.
func (b *balancer) choose(picked *Loop, p *peer) *Loop {
	b.next = (b.next + 1) % len(b.loops) // only for one that was accepted
	if b.policy != SourceHash {
		return picked
	}
	l := b.loops[xxhash.Sum64(p.bytes())%uint64(len(b.loops))]
	if !l.room() {
		return picked
	}
	return l
}
