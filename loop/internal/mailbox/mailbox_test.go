package mailbox

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

func drain(b *Box[int]) (got []string) {
	b.Take()
	for {
		it, ok := b.Next()
		if !ok {
			return got
		}
		got = append(got, fmt.Sprint(it.Value, string(it.Data)))
	}
}

func TestOrderAndOneWakeABatch(t *testing.T) {
	wakes := 0
	b := New[int](10, 100, func() { wakes++ })
	for round := 1; round <= 3; round++ {
		for i := range 4 {
			if err := b.Put(i, []byte{byte('a' + i)}); err != nil {
				t.Fatal(err)
			}
			if err := b.check(); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprint(drain(b)); got != "[0a 1b 2c 3d]" {
			t.Fatalf("round %d: %s", round, got)
		}
		if wakes != round {
			t.Fatalf("%d wakes after %d batches", wakes, round)
		}
	}
}

func TestTakeKeepsWhatWasNotHandedOut(t *testing.T) {
	b := New[int](10, 100, func() {})
	b.Put(1, []byte("x"))
	b.Put(2, []byte("y"))
	b.Take()
	if it, _ := b.Next(); it.Value != 1 {
		t.Fatal(it)
	}
	b.Put(3, nil)
	if got := fmt.Sprint(drain(b)); got != "[2y]" {
		t.Fatal(got)
	}
	if !b.Waiting() {
		t.Fatal("3 is not seen to wait")
	}
	if got := fmt.Sprint(drain(b)); got != "[3]" {
		t.Fatal(got)
	}
	if b.Waiting() {
		t.Fatal("something waits in an empty box")
	}
}

// One long batch does not pin its memory for the life of the box.
func TestALongBatchIsNotKept(t *testing.T) {
	b := New[int](1<<20, 1<<20, func() {})
	for range 2 { // each of the two batches
		for i := range 2 * keepItems {
			if err := b.PutAlways(i); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(drain(b)); got != 2*keepItems {
			t.Fatalf("%d came", got)
		}
	}
	for range 2 {
		drain(b)
	}
	if c, d := cap(b.fill.entries), cap(b.read.entries); c > keepItems || d > keepItems {
		t.Errorf("%d and %d places are kept", c, d)
	}
}

func TestLimits(t *testing.T) {
	b := New[int](2, 5, func() {})
	if err := b.Put(1, []byte("123456")); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	b.Put(1, []byte("12345"))
	if err := b.Put(2, []byte("1")); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	b.Put(2, nil)
	if err := b.Put(3, nil); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	if err := b.PutAlways(3); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if err := b.Put(4, nil); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	if err := b.PutAlways(4); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	if got := len(drain(b)); got != 3 {
		t.Fatalf("%d items came through the close", got)
	}
}

// Every Put that was accepted is taken, whatever the interleaving with Take and Close, and a
// wake-up follows every batch.
func TestManyWritersAgainstClose(t *testing.T) {
	const writers, puts = 16, 5000
	wake := make(chan struct{}, 1)
	b := New[int](1<<20, 1<<20, func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	var accepted atomic.Int64
	var wg sync.WaitGroup
	for range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range puts {
				if err := b.Put(i, []byte{1}); err == nil {
					accepted.Add(1)
				} else if !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		}()
	}
	writersDone := make(chan struct{})
	go func() { wg.Wait(); close(writersDone) }()
	taken := 0
	for running := true; running; {
		select {
		case <-wake:
			taken += len(drain(b))
		case <-writersDone:
			running = false
		}
		if taken > writers*puts/2 {
			b.Close()
		}
	}
	taken += len(drain(b))
	if int64(taken) != accepted.Load() {
		t.Fatalf("%d accepted, %d taken", accepted.Load(), taken)
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	b := New[int](100, 1000, func() {})
	p := []byte("hello")
	round := func() {
		for i := range 10 {
			b.Put(i, p)
		}
		b.Take()
		for _, ok := b.Next(); ok; _, ok = b.Next() {
		}
	}
	round()
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Fatalf("%v allocations a batch", n)
	}
}
