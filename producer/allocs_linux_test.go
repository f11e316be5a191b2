package producer

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Steady state allocates nothing, by any way that bytes are pushed.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	small, big := make([]byte, 64), make([]byte, 20_000)
	done := func([]byte) {}
	for _, tt := range []struct {
		name string
		push func(q *Queue)
		sent int
	}{
		{"PushCopy", func(q *Queue) { q.PushCopy(small) }, 64},
		{"PushCopy, 16 in a row", func(q *Queue) {
			for range 16 {
				q.PushCopy(small)
			}
		}, 1024},
		{"PushCopy, several blocks", func(q *Queue) { q.PushCopy(small); q.PushCopy(big) }, 20_064},
		{"PushOwned", func(q *Queue) { q.PushOwned(big, done) }, 20_000},
		{"PushOwned, 100 in a row", func(q *Queue) {
			for range 100 {
				q.PushOwned(small, done)
			}
		}, 6400},
		{"mixed", func(q *Queue) { q.PushCopy(small); q.PushOwned(big, done); q.PushCopy(small) }, 20_128},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, in := socketPair(t)
			q := newQueue(t)
			q.sys.Calls = SystemCalls()
			buf := make([]byte, 64<<10)
			sent, failures := 0, 0
			round := func() {
				tt.push(q)
				for !q.Empty() {
					n, err := q.WriteTo(out)
					sent += int(n)
					if err != nil && err != ErrBlocked {
						failures++
						return
					}
					if n, err := unix.Read(in, buf); err != nil || n == 0 {
						failures++
					}
				}
			}
			round() // the ring, the scratch and the blocks are made at the first use
			sent = 0
			const runs = 200
			if allocs := testing.AllocsPerRun(runs, round); allocs != 0 {
				t.Errorf("%v allocations a round", allocs)
			}
			if failures != 0 || sent != (runs+1)*tt.sent {
				t.Errorf("%d failures, %d bytes sent, want %d", failures, sent, (runs+1)*tt.sent)
			}
		})
	}
}

// A queue that waits, and one that a producer holds up, costs nothing either.
func TestBlockedAllocatesNothing(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	q.Push(moreFunc(func() ([]byte, error) { return nil, ErrNotReady }))
	if allocs := testing.AllocsPerRun(100, func() {
		if _, err := q.WriteTo(3); err != ErrNotReady {
			t.Error(err)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations while not ready", allocs)
	}
}
