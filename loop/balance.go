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

// reserve reserves a place on the loop that the policy names, or, where it is full, on the next that is not; nil if all are full.
func (b *balancer) reserve() *Loop {
	first := b.next
	if b.policy == LeastConns {
		for i, l := range b.loops {
			if l.conns.Load() < b.loops[first].conns.Load() {
				first = i
			}
		}
	}
	for i := range b.loops {
		if l := b.loops[(first+i)%len(b.loops)]; l.reserve() {
			return l
		}
	}
	return nil
}

// choose is called with a connection that was accepted. It moves its reservation to the loop that SourceHash names by the peer's address, unless that is full.
func (b *balancer) choose(reserved *Loop, p *peer) *Loop {
	b.next = (b.next + 1) % len(b.loops) // only for one that was accepted
	if b.policy != SourceHash {
		return reserved
	}
	l := b.loops[xxhash.Sum64(p.bytes())%uint64(len(b.loops))]
	if l == reserved || !l.reserve() {
		return reserved
	}
	reserved.conns.Add(-1)
	return l
}
