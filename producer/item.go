package producer

import "io"

// kind says what an item is, and so what is owed when it is done with.
type kind uint8

const (
	kindBlock    kind = iota // p is a block of copied bytes; it goes back to the Sys
	kindOwned                // p is the pusher's; done is called with it
	kindBytes                // p is the rest of prod, a *chunked: no call for a chunk is needed
	kindFile                 // prod is a *file that sendfile may send
	kindDirect               // prod is a Direct, which sends by itself
	kindProducer             // p is the chunk in hand of prod
)

// state says what may come after the chunk in hand of a producer.
type state uint8

const (
	open   state = iota // another chunk may come
	last                // none: the chunk in hand, if any, is the last
	failed              // err, which is not io.EOF
)

// item is one place in a queue.
//
// Invariant: state and err are used by kindFile, kindDirect and kindProducer alone; err is set exactly when state is failed.
type item struct {
	p     []byte
	prod  Producer
	done  func(p []byte)
	err   error
	kind  kind
	state state
}

// more reports whether an item may have bytes that come after p, so that nothing behind it can be written yet.
func (it *item) more() bool { return it.kind >= kindFile && it.state != last }

// release pays what is owed for an item that left the queue. It calls code that is not ours, so it runs after the queue
// has let go of the item.
func (it *item) release(sys *Sys) {
	switch it.kind {
	case kindBlock:
		sys.put(it.p)
	case kindOwned:
		if it.done != nil {
			it.done(it.p)
		}
	default:
		if c, ok := it.prod.(io.Closer); ok {
			_ = c.Close() // documented at Producer: nobody waits for this error any more
		}
	}
}

// view shows an item as a producer of what is left of it, off bytes into p, without taking it from the queue.
func (it *item) view(off int) Producer {
	switch it.kind {
	case kindBlock, kindOwned:
		rest := it.p[off:]
		return &chunked{p: rest, chunk: len(rest)}
	case kindBytes:
		it.prod.(*chunked).p = it.p[off:]
	}
	return it.prod
}

// take turns an item that has left the queue into a producer that whoever popped it owns.
func (it *item) take(off int, sys *Sys) Producer {
	switch {
	case it.kind == kindBlock:
		rest := append([]byte(nil), it.p[off:]...)
		sys.put(it.p)
		return &chunked{p: rest, chunk: len(rest)}
	case it.kind == kindOwned && it.done != nil:
		return &remainder{p: it.p[off:], whole: it.p, done: it.done, state: last}
	case it.kind == kindProducer && (len(it.p) > 0 || it.state != open):
		return &remainder{p: it.p[off:], prod: it.prod, state: it.state, err: it.err}
	}
	return it.view(off)
}

// remainder is a popped item that had been begun: the chunk in hand, then the producer that made it.
//
// Invariant: done and prod are not both set; what is owed for the item is owed until Close.
type remainder struct {
	p     []byte
	prod  Producer
	whole []byte
	done  func(p []byte)
	state state
	err   error
}

// More implements Producer.
func (r *remainder) More() ([]byte, error) {
	if p := r.p; len(p) > 0 {
		r.p = nil
		if r.state == last {
			return p, io.EOF
		}
		return p, nil
	}
	switch r.state {
	case last:
		return nil, io.EOF
	case failed:
		return nil, r.err
	}
	return r.prod.More()
}

// OnReady implements Waker, for a producer that is one.
func (r *remainder) OnReady(wake func()) {
	if w, ok := r.prod.(Waker); ok {
		w.OnReady(wake)
	}
}

// Close implements io.Closer: it pays, once, what is owed for the item.
func (r *remainder) Close() error {
	done, prod := r.done, r.prod
	r.p, r.done, r.prod, r.state = nil, nil, nil, last
	if done != nil {
		done(r.whole)
	}
	if c, ok := prod.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
