//go:build linux

package chat

import (
	"bytes"
	"testing"

	"github.com/millrace-net/millrace/loop"
)

// pair is a room with halls on two loops that the test polls by hand.
func pair(t *testing.T, there loop.Options) (here *hall, k *link) {
	t.Helper()
	r := newRoom()
	for _, o := range []loop.Options{{}, there} {
		l, err := loop.NewLoop(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		r.hall(l)
	}
	here = (*r.halls.Load())[0]
	here.extend()
	return here, here.links[1]
}

func poll(t *testing.T, h *hall) {
	t.Helper()
	if err := h.loop.Poll(0); err != nil {
		t.Fatal(err)
	}
	if err := h.check(); err != nil {
		t.Error(err)
	}
}

// Pending lines leave in batches of whole lines, each after the one before has landed.
func TestBatches(t *testing.T) {
	here, k := pair(t, loop.Options{})
	line := append(bytes.Repeat([]byte("x"), 999), '\n')
	added := 0
	for !k.full() {
		k.add(line)
		added += len(line)
		if err := here.check(); err != nil {
			t.Fatal(err)
		}
	}
	flown := 0
	for k.flying {
		if len(k.flight)%len(line) != 0 {
			t.Fatalf("a batch of %d bytes cuts a line", len(k.flight))
		}
		flown += len(k.flight)
		poll(t, k.to)
		poll(t, here)
	}
	if flown != added {
		t.Errorf("%d bytes of %d have flown", flown, added)
	}
}

// A loop with a full mailbox gets the batch later, and so does the reply.
func TestOverload(t *testing.T) {
	here, k := pair(t, loop.Options{MaxPosted: 1})
	if err := k.to.loop.Post(func() {}); err != nil {
		t.Fatal(err)
	}
	k.add([]byte("line\n"))
	if !k.flying {
		t.Fatal("the batch was given up")
	}
	polls := 0
	for ; k.flying; polls++ {
		poll(t, here)
		poll(t, k.to)
	}
	if k.gone || polls < 2 {
		t.Errorf("gone %t after %d polls", k.gone, polls)
	}
}

// Lines to a loop that has ended go nowhere, and hold nobody.
func TestGone(t *testing.T) {
	here, k := pair(t, loop.Options{})
	k.add([]byte("lands\n"))
	poll(t, k.to)
	if err := k.to.loop.Close(); err != nil {
		t.Fatal(err)
	}
	poll(t, here)
	for range 3 {
		k.add(append(bytes.Repeat([]byte("x"), fullBytes), '\n'))
		if !k.gone || k.full() {
			t.Fatalf("gone %t, full %t", k.gone, k.full())
		}
		poll(t, here)
	}
}
