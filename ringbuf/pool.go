package ringbuf

import (
	"fmt"
	"sync/atomic"
)

// DefaultMaxIdleBytes is what a [Pool] keeps at most unless told otherwise: 32 MiB.
const DefaultMaxIdleBytes = 32 << 20

// PoolConfig says how a pool works. The zero value is good.
type PoolConfig struct {
	// Calls are the system calls that the pool's rings are made with. Fields that are nil stand for those of System.
	Calls Calls
	// MaxIdleBytes bounds the capacity in bytes of all idle rings together; a heap ring takes twice its capacity of
	// memory. 0 is DefaultMaxIdleBytes; a negative value keeps nothing.
	MaxIdleBytes int64
}

// Pool makes rings and keeps them for reuse. Stats may be called from any goroutine, everything else from one, as a
// rule a loop's.
//
// Invariant: an idle ring is empty, open, marked idle, and in the list of its class; a ring in use is in no list.
type Pool struct {
	calls Calls
	rings shelf[*Ring]
	err   error // the first failure to unmap

	mirrored, heap, fallbacks atomic.Int64
}

// PoolStats are a pool's counts at about one moment.
type PoolStats struct {
	Idle, InUse           int64 // rings
	IdleBytes, InUseBytes int64 // capacity in bytes
	Mirrored, Heap        int64 // rings made since the start, by kind
	Fallbacks             int64 // heap rings made because mapping failed
}

// NewPool makes an empty pool. The caller owns it and has to Close it.
func NewPool(cfg PoolConfig) *Pool {
	p := &Pool{calls: cfg.Calls.orSystem()}
	p.rings.maxIdleBytes = cfg.MaxIdleBytes
	if cfg.MaxIdleBytes == 0 {
		p.rings.maxIdleBytes = DefaultMaxIdleBytes
	}
	return p
}

// Get returns an empty ring of at least size bytes, as [New] rounds it: the idle one of that capacity that was put
// last, or a new one. The error is [ErrSize]. The caller owns the ring until it is Put.
func (p *Pool) Get(size int) (*Ring, error) {
	class, err := classOf(size)
	if err != nil {
		return nil, err
	}
	if r, ok := p.rings.take(class); ok {
		r.idle = false
		return r, nil
	}
	r, mapErr := newRing(&p.calls, class)
	r.pool = p
	p.rings.made[class].Add(1)
	if mapErr != nil {
		p.fallbacks.Add(1)
	}
	if r.Mirrored() {
		p.mirrored.Add(1)
	} else {
		p.heap.Add(1)
	}
	return r, nil
}

// Put takes a ring back, whatever it holds. Neither the ring nor a slice of it may be used afterwards. If the idle
// rings would exceed MaxIdleBytes, larger idle rings are released first and then this one. Put panics if r is not
// from this pool or was Put already.
func (p *Pool) Put(r *Ring) {
	p.own(r, "Put")
	class := int(r.class)
	if r.buf == nil { // closed by its user
		p.release(r, class)
		return
	}
	for !p.rings.fits(class) {
		larger, largerClass, ok := p.rings.takeLarger(class)
		if !ok {
			p.release(r, class)
			return
		}
		p.release(larger, largerClass)
	}
	Fill(r.buf)
	r.Reset()
	r.idle = true
	p.rings.give(class, r)
}

// own panics unless the pool's user may hand in r.
func (p *Pool) own(r *Ring, what string) {
	if r.pool != p {
		panic(fmt.Sprintf("ringbuf: %s of a ring that is not from this pool", what))
	}
	if r.idle {
		panic(fmt.Sprintf("ringbuf: %s of a ring that was Put already", what))
	}
}

// release unmaps a ring that is in no list.
func (p *Pool) release(r *Ring, class int) {
	p.rings.made[class].Add(-1)
	if err := r.release(); err != nil && p.err == nil {
		p.err = err
	}
	r.pool = nil
}

// Grow returns a ring of at least size bytes that holds what r holds, and Puts r. If r is large enough it returns r
// itself. On an error, which is [ErrSize], r is unchanged and still the caller's.
func (p *Pool) Grow(r *Ring, size int) (*Ring, error) {
	p.own(r, "Grow")
	if size > 0 && size <= r.Cap() {
		return r, nil
	}
	larger, err := p.Get(size)
	if err != nil {
		return nil, err
	}
	larger.Commit(copy(larger.Space(), r.Window()))
	p.Put(r)
	return larger, nil
}

// Stats returns the pool's counts. Any goroutine may call it.
func (p *Pool) Stats() PoolStats {
	s := PoolStats{Mirrored: p.mirrored.Load(), Heap: p.heap.Load(), Fallbacks: p.fallbacks.Load()}
	s.Idle, s.IdleBytes, s.InUse, s.InUseBytes = p.rings.totals()
	return s
}

// Close releases the idle rings, and from then on Put releases its ring too. Rings in use stay their users'. The
// error is the first failure to unmap a ring since the pool was made. Close may be called again.
func (p *Pool) Close() error {
	p.rings.maxIdleBytes = -1
	for {
		r, class, ok := p.rings.takeLarger(-1)
		if !ok {
			return p.err
		}
		p.release(r, class)
	}
}
