//go:build linux

package chat

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/millrace-net/millrace/loop"
)

const (
	batchBytes = 16 << 10              // the most that flies at once: a quarter of the smallest queue of a member
	fullBytes  = 4 * batchBytes        // of pending lines, from where on senders are held
	retryAfter = 10 * time.Millisecond // when a loop has too much posted
)

// link carries lines from one loop to another, one batch at a time.
//
//	         add               launch: Post            deliver: Push to all, Post
//	lines ────────▶ pending ───────────────▶ flight ──────────────────────────────▶ landed ─▶ launch
//
// Invariant: pending holds whole lines, and none once the other loop is gone or while nothing flies; flight is one
// batch of at most batchBytes, which belongs to the other loop while flying.
type link struct {
	from, to        *hall  // immutable
	pending         []byte // from's loop only
	flying          bool   // from's loop only
	gone            bool   // the other loop has ended; from's loop only
	flight          []byte
	deliver, landed func() // immutable: made once, so that a post allocates nothing
}

func newLink(from, to *hall) *link {
	k := &link{from: from, to: to}
	k.deliver, k.landed = k.onDeliver, k.onLanded
	return k
}

// add sends line now, or with the next batch. from's loop.
func (k *link) add(line []byte) {
	if k.gone {
		return
	}
	k.pending = append(k.pending, line...)
	if !k.flying {
		k.launch()
	}
}

// full tells whether senders have to wait. from's loop.
func (k *link) full() bool { return len(k.pending) >= fullBytes }

// launch sends what fits of pending. from's loop, nothing flying.
func (k *link) launch() {
	if len(k.pending) == 0 {
		return
	}
	n := len(k.pending)
	if n > batchBytes { // cut between two lines: those of the other loop come in between
		n = bytes.LastIndexByte(k.pending[:batchBytes], '\n') + 1
	}
	k.flight = append(k.flight[:0], k.pending[:n]...)
	k.pending = k.pending[:copy(k.pending, k.pending[n:])]
	k.flying = true
	k.post()
}

// post hands flight to the other loop. from's loop.
func (k *link) post() {
	switch err := k.to.loop.Post(k.deliver); {
	case errors.Is(err, loop.ErrOverloaded):
		k.from.loop.After(retryAfter, k.post)
	case err != nil: // the other loop has ended, and its members with it
		k.gone, k.flying = true, false
		k.pending, k.flight = nil, nil
		k.from.relieve()
	}
}

// onDeliver runs on the other loop.
func (k *link) onDeliver() {
	k.to.push(k.flight, nil)
	k.reply()
}

// reply gives flight back. The other loop.
func (k *link) reply() {
	// Any other error means that the loop has ended: then nobody waits for the reply.
	if errors.Is(k.from.loop.Post(k.landed), loop.ErrOverloaded) {
		k.to.loop.After(retryAfter, k.reply)
	}
}

// onLanded runs on from's loop.
func (k *link) onLanded() {
	k.flying = false
	k.launch()
	k.from.relieve()
}

// check reports a broken invariant. from's loop only.
func (k *link) check() error {
	switch {
	case k.gone && (k.flying || len(k.pending) > 0):
		return errors.New("chat: a link to a loop that has ended holds lines")
	case !k.flying && len(k.pending) > 0:
		return fmt.Errorf("chat: %d bytes wait while nothing flies", len(k.pending))
	case len(k.pending) > 0 && k.pending[len(k.pending)-1] != '\n':
		return errors.New("chat: pending lines end amid a line")
	case k.flying && (len(k.flight) == 0 || len(k.flight) > batchBytes):
		return fmt.Errorf("chat: a batch of %d bytes", len(k.flight))
	}
	return nil
}
