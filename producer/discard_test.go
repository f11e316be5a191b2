package producer

import (
	"errors"
	"io"
	"testing"
)

func TestQueuePopOwesDone(t *testing.T) {
	q := newQueue(t)
	var calls []string
	q.PushOwned([]byte("owned"), func(p []byte) { calls = append(calls, string(p)) })
	p, _ := q.Pop()
	got, err := drain(t, p)
	if string(got) != "owned" || err != nil || len(calls) != 0 {
		t.Fatalf("%q, %v, done called %d times", got, err, len(calls))
	}
	closeProducer(t, p)
	closeProducer(t, p)
	if len(calls) != 1 || calls[0] != "owned" {
		t.Fatalf("done was called with %q", calls)
	}
	mustCheck(t, p.(*remainder))
}

func TestQueueDiscard(t *testing.T) {
	q := newQueue(t)
	file := tempFile(t, []byte("in a file"))
	producers := []*script{{}, {steps: []step{{p: "x"}}}}
	done := 0
	q.PushCopy([]byte("copied"))
	q.PushOwned([]byte("owned"), func([]byte) { done++ })
	q.PushOwned([]byte("no done"), nil)
	q.Push(producers[0])
	q.Push(mustBytes(t, "bytes", 2))
	q.Push(producers[1])
	q.Push(File(file, 0, -1))
	mustCheck(t, q)
	const size = len("copied" + "owned" + "no done" + "bytes")
	if n := q.Discard(); n != int64(size) {
		t.Errorf("Discard said %d, want %d", n, size)
	}
	mustCheck(t, q)
	if q.ring != nil || !q.Empty() || q.Size() != 0 || done != 1 {
		t.Errorf("after Discard: ring of %d, Len %d, Size %d, done %d", len(q.ring), q.Len(), q.Size(), done)
	}
	for i, p := range producers {
		if p.closed != 1 {
			t.Errorf("producer %d was closed %d times", i, p.closed)
		}
	}
	if err := file.Close(); err == nil {
		t.Error("the file was not closed")
	}
	if n := q.Discard(); n != 0 || done != 1 {
		t.Errorf("a second Discard: %d, done %d", n, done)
	}
}

// A panic in a callback must not lose the callbacks behind it, nor repeat those before it.
func TestQueueDiscardAfterPanic(t *testing.T) {
	q := newQueue(t)
	const items = 10
	var done [items]int
	for i := range items {
		q.PushOwned([]byte{'x'}, func([]byte) {
			done[i]++
			if i%3 == 1 {
				panic(i)
			}
		})
	}
	panics := 0
	for range items {
		func() {
			defer func() {
				if recover() != nil {
					panics++
				}
			}()
			q.Discard()
		}()
		mustCheck(t, q)
	}
	if panics != 3 {
		t.Errorf("%d panics came through, want 3", panics)
	}
	for i, n := range done {
		if n != 1 {
			t.Errorf("done %d was called %d times", i, n)
		}
	}
}

// What a callback does to its queue while it is discarded takes effect, and nothing is called twice.
func TestQueueDiscardReentrant(t *testing.T) {
	q := newQueue(t)
	first, second := 0, 0
	q.PushOwned([]byte("a"), func([]byte) {
		first++
		q.PushCopy([]byte("pushed from done"))
		q.Discard()
		q.PushCopy([]byte("kept"))
	})
	q.PushOwned([]byte("b"), func([]byte) { second++ })
	q.Discard()
	mustCheck(t, q)
	if first != 1 || second != 1 {
		t.Fatalf("done was called %d and %d times", first, second)
	}
	if got := popAll(t, q); got != "kept" {
		t.Fatalf("left in the queue: %q", got)
	}
}

// A remainder answers for its producer: chunk in hand, failure, wake.
func TestRemainder(t *testing.T) {
	cause := errors.New("cause")
	inner := &script{steps: []step{{p: "more"}}}
	for _, tt := range []struct {
		r    *remainder
		want string
		err  error
	}{
		{&remainder{p: []byte("in hand "), prod: inner}, "in hand more", nil},
		{&remainder{p: []byte("in hand"), prod: &script{steps: []step{{p: "X"}}}, state: last}, "in hand", nil},
		{&remainder{p: []byte("in hand"), prod: &script{}, state: failed, err: cause}, "in hand", cause},
		{&remainder{prod: &script{}, state: last}, "", nil},
	} {
		got, err := drain(t, tt.r)
		if string(got) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q, %v, want %q, %v", got, err, tt.want, tt.err)
		}
		mustCheck(t, tt.r)
		s := tt.r.prod.(*script)
		closeProducer(t, tt.r)
		closeProducer(t, tt.r)
		if s.closed != 1 || s.wakers != 1 {
			t.Errorf("closed %d times, OnReady %d times", s.closed, s.wakers)
		}
		if _, err := tt.r.More(); err != io.EOF {
			t.Errorf("More after Close: %v", err)
		}
	}
}
