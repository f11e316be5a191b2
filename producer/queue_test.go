package producer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// newQueue returns a queue whose blocks are counted, and which has given all of them back when the test ends.
func newQueue(t testing.TB) *Queue {
	t.Helper()
	blocks := new(blockCounter)
	q := new(Queue)
	q.Init(&Sys{Get: blocks.get, Put: blocks.put}, nil)
	t.Cleanup(func() {
		q.Discard()
		mustCheck(t, q)
		if blocks.out != 0 {
			t.Errorf("%d blocks were not put back", blocks.out)
		}
	})
	return q
}

// popAll drains a queue by Pop, as a system without sendfile and writev would.
func popAll(t testing.TB, q *Queue) string {
	t.Helper()
	var all []byte
	for {
		mustCheck(t, q)
		p, ok := q.Pop()
		if !ok {
			return string(all)
		}
		got, err := drain(t, p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, got...)
		closeProducer(t, p)
	}
}

// asynchat's own test of its fifo: test_basic and test_given_list.
func TestQueueIsAFIFO(t *testing.T) {
	q := newQueue(t)
	if !q.Empty() || q.Len() != 0 {
		t.Fatal("a new queue is not empty")
	}
	seven, three := mustBytes(t, "7", 1), &script{steps: []step{{p: "three"}}}
	q.Push(seven)
	q.Push(three)
	if q.Len() != 2 || q.Empty() {
		t.Fatalf("two pushes, Len %d", q.Len())
	}
	for _, want := range []Producer{seven, three} {
		if p, ok := q.First(); !ok || p != want {
			t.Fatalf("First: %v, %v", p, ok)
		}
		if p, ok := q.Pop(); !ok || p != want {
			t.Fatalf("Pop: %v, %v", p, ok)
		}
		mustCheck(t, q)
	}
	if p, ok := q.Pop(); ok || p != nil {
		t.Fatalf("Pop of an empty queue: %v, %v", p, ok)
	}
	if p, ok := q.First(); ok || p != nil {
		t.Fatalf("First of an empty queue: %v, %v", p, ok)
	}
	if three.closed != 0 {
		t.Fatal("Pop closed what it returned")
	}
}

// AC-4 and AC-5: two lines by a simple producer in chunks of 8, and as bytes.
func TestQueueLines(t *testing.T) {
	const lines = "hello world\nI'm not dead yet!\n"
	q := newQueue(t)
	q.Push(mustBytes(t, lines, 8))
	if got := popAll(t, q); got != lines {
		t.Errorf("AC-4: %q", got)
	}
	q.PushCopy([]byte(lines))
	if got := popAll(t, q); got != lines {
		t.Errorf("AC-5: %q", got)
	}
}

// asynchat's queue breaks on these.
func TestQueueSkipsNothing(t *testing.T) {
	q := newQueue(t)
	called := 0
	q.Push(nil)
	q.Push(mustBytes(t, "", 4))
	q.PushCopy(nil)
	q.PushOwned(nil, func([]byte) { called++ })
	q.PushOwned([]byte{}, nil)
	mustCheck(t, q)
	if !q.Empty() || q.Len() != 0 || q.Size() != 0 {
		t.Errorf("empty pushes are queued: Len %d", q.Len())
	}
	if called != 1 {
		t.Errorf("done of empty bytes was called %d times", called)
	}
}

func TestQueuePushCopyCoalesces(t *testing.T) {
	q := newQueue(t)
	var want strings.Builder
	line := []byte("a line of 32 bytes ............\n")
	for range minBlockBytes / len(line) {
		q.PushCopy(line)
		want.Write(line)
	}
	if q.Len() != 1 || q.Size() != minBlockBytes {
		t.Fatalf("Len %d, Size %d", q.Len(), q.Size())
	}
	big := noise(4, 3*maxBlockBytes)
	q.PushCopy(big)
	want.Write(big)
	mustCheck(t, q)
	if q.Len() != 4 || q.Size() != int64(want.Len()) {
		t.Fatalf("Len %d, Size %d, want %d bytes", q.Len(), q.Size(), want.Len())
	}
	copy(big, "the caller's again")
	if popAll(t, q) != want.String() {
		t.Fatal("the copies changed with the original")
	}
}

// A source that gives too little must not stop the queue.
func TestQueueShortBlocks(t *testing.T) {
	var q Queue
	q.Init(&Sys{Get: func(int) []byte { return nil }}, nil)
	data := noise(5, 10_000)
	q.PushCopy(data)
	mustEqual(t, []byte(popAll(t, &q)), data)
}

func TestQueueWakers(t *testing.T) {
	woken := 0
	var q Queue
	q.Init(nil, func() { woken++ })
	s := &script{}
	q.Push(s)
	if s.wakers != 1 {
		t.Fatalf("OnReady was called %d times", s.wakers)
	}
	s.wake()
	s.wake()
	if woken != 2 {
		t.Fatalf("%d wakes arrived", woken)
	}
	q.Discard()
	q.Init(nil, nil)
	s = &script{}
	q.Push(s)
	s.wake() // must not be nil
	q.Discard()
}

// model is a queue so naive that it is obviously right: the bytes of each item.
type model [][]byte

func (m model) size() (n int64) {
	for _, p := range m {
		n += int64(len(p))
	}
	return n
}

// Random pushes and pops, against the model, long enough that the ring wraps and grows many times.
func TestQueueRandomOps(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		q := newQueue(t)
		var m model
		for op := range 400 {
			text := []byte(fmt.Sprintf("item %d of seed %d", op, seed))
			switch r.IntN(5) {
			case 0:
				q.PushOwned(text, nil)
				m = append(m, text)
			case 1:
				q.Push(mustBytes(t, string(text), 1+r.IntN(9)))
				m = append(m, text)
			case 4:
				if r.IntN(20) == 0 {
					if n := q.Discard(); n != m.size() {
						t.Fatalf("seed %d: Discard says %d, want %d", seed, n, m.size())
					}
					m = nil
				}
			default:
				want := len(m) > 0
				p, ok := q.Pop()
				if ok != want {
					t.Fatalf("seed %d, op %d: Pop says %v", seed, op, ok)
				}
				if ok {
					got, err := drain(t, p)
					if err != nil {
						t.Fatal(err)
					}
					mustEqual(t, got, m[0])
					m = m[1:]
				}
			}
			mustCheck(t, q)
			if q.Len() != len(m) || q.Size() != m.size() || q.Empty() != (len(m) == 0) {
				t.Fatalf("seed %d, op %d: Len %d, Size %d, want %d, %d", seed, op, q.Len(), q.Size(), len(m), m.size())
			}
		}
	}
}

// First is a look: it changes nothing, however far the reader of its result goes.
func TestQueueFirstIsALook(t *testing.T) {
	q := newQueue(t)
	q.PushCopy([]byte("copied"))
	q.PushOwned([]byte("owned"), nil)
	q.Push(mustBytes(t, "bytes", 2))
	for _, want := range []string{"copied", "owned", "bytes"} {
		for range 2 {
			p, _ := q.First()
			if got, err := drain(t, p); string(got) != want || err != nil {
				t.Fatalf("First: %q, %v, want %q", got, err, want)
			}
			mustCheck(t, q)
		}
		if p, _ := q.Pop(); p == nil {
			t.Fatal("the queue ended early")
		}
	}
}
