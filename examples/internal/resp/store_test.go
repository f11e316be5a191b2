//go:build linux

package resp

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
)

// TestStore does the same at random to a store and to a map.
func TestStore(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 5))
			now := int64(1)
			st := newStore(func() int64 { return now })
			m := model{}
			for step := range 3000 {
				key := "k" + strconv.Itoa(rng.IntN(20))
				got, want := randomStep(rng, st, m, key, now)
				if got != want {
					t.Fatalf("step %d, key %s: got %.100q, want %.100q", step, key, got, want)
				}
				if step%8 == 0 {
					if err := st.check(); err != nil {
						t.Fatalf("step %d: %v", step, err)
					}
				}
				now += rng.Int64N(3)
			}
		})
	}
}

// TestLargeValuesStay keeps what get has shared, and changes the key in every way.
func TestLargeValuesStay(t *testing.T) {
	value := ramp(2 * sharedMin)
	for name, change := range map[string]func(st *store, key []byte){
		"set":    func(st *store, key []byte) { st.set(nil, key, bytes.Repeat([]byte{'x'}, 2*sharedMin), setting{}) },
		"short":  func(st *store, key []byte) { st.set(nil, key, []byte{'x'}, setting{}) },
		"extend": func(st *store, key []byte) { _, _ = st.extend(key, []byte("tail"), 1<<30) },
		"remove": func(st *store, key []byte) { st.remove(key) },
		"flush":  func(st *store, _ []byte) { st.flush() },
	} {
		st := newStore(func() int64 { return 1 })
		key := []byte("k")
		st.set(nil, key, value, setting{})
		_, before, _ := st.get(nil, key)
		if before == nil {
			t.Fatal("a large value was copied")
		}
		change(st, key)
		st.set(nil, key, []byte("again"), setting{})
		if _, err := st.extend(key, []byte("!"), 100); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, value) {
			t.Errorf("%s wrote to a value that is shared", name)
		}
	}
}

// TestScan walks while other keys come and go: those that stay are all seen, and the walk ends.
func TestScan(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 6))
		st := newStore(func() int64 { return 1 })
		stay := map[string]bool{}
		for i := range 500 {
			key := "stay" + strconv.Itoa(i)
			stay[key] = true
			st.set(nil, []byte(key), nil, setting{})
			st.set(nil, []byte("go"+strconv.Itoa(i)), nil, setting{})
		}
		cursor, calls := uint64(0), 0
		for {
			count := 1 + rng.IntN(20)
			visited := 0
			cursor = st.scan(cursor, count, func(key string) {
				visited++
				delete(stay, key)
			})
			if visited > count {
				t.Fatalf("%d keys, %d asked for", visited, count)
			}
			if calls++; cursor == 0 || calls > 10_000 {
				break
			}
			for range rng.IntN(5) {
				st.remove([]byte("go" + strconv.Itoa(rng.IntN(500))))
				st.set(nil, []byte("new"+strconv.Itoa(rng.IntN(50))), nil, setting{})
			}
		}
		if len(stay) != 0 || calls > 10_000 {
			t.Errorf("seed %d: %d keys were not seen in %d calls", seed, len(stay), calls)
		}
	}
}

// TestScanCursor gives cursors that no scan has answered.
func TestScanCursor(t *testing.T) {
	st := newStore(func() int64 { return 1 })
	st.set(nil, []byte("k"), nil, setting{})
	for _, cursor := range []uint64{1, 63, 64, 1 << 32, math.MaxUint64, math.MaxUint64 - 63} {
		calls := 0
		for ; calls < 1000; calls++ {
			if cursor = st.scan(cursor, 10, func(string) {}); cursor == 0 {
				break
			}
		}
		if calls == 1000 {
			t.Errorf("a scan from %d does not end", cursor)
		}
	}
}

// TestSweepKeepsTheRest sweeps a little at a time while time goes on: at the end of each lap nothing that has expired is
// left, and nothing else is gone.
func TestSweepKeepsTheRest(t *testing.T) {
	now := int64(1)
	st := newStore(func() int64 { return now })
	for i := range 2000 {
		st.set(nil, []byte(strconv.Itoa(i)), nil, setting{expires: int64(i % 50 * 10)}) // every 50th stays for ever
	}
	for ; now < 600; now += 100 {
		for range 2 * shardCount { // a shard may need two visits
			if examined, removed := st.sweep(64); removed > examined || examined > 64 {
				t.Fatalf("%d of %d entries removed", removed, examined)
			}
		}
		want := 0
		for i := range 2000 {
			if at := int64(i % 50 * 10); at == 0 || at > now {
				want++
			}
		}
		if keys, _ := st.count(); keys != want {
			t.Fatalf("at %d: %d keys, want %d", now, keys, want)
		}
		if err := st.check(); err != nil {
			t.Fatal(err)
		}
	}
	if examined, _ := st.sweep(1000); examined != 0 {
		t.Errorf("%d entries were looked at, of which none expires", examined)
	}
}

// TestConcurrent counts on many goroutines.
func TestConcurrent(t *testing.T) {
	st := newStore(func() int64 { return 1 })
	const workers, each = 8, 500
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			own := []byte("own" + strconv.Itoa(w))
			for i := range each {
				_, err1 := st.add([]byte("sum"), 1)
				_, err2 := st.extend([]byte("log"), []byte{'x'}, 1<<20)
				st.set(nil, own, []byte(strconv.Itoa(i)), setting{expires: int64(i % 2 * 1000)})
				out, _, _ := st.get(nil, own)
				if err := errors.Join(err1, err2); err != nil || string(out) != bulk(strconv.Itoa(i)) {
					t.Errorf("%q, %v", out, err)
					return
				}
				st.scan(0, 10, func(string) {})
				st.sweep(10)
			}
		}()
	}
	wg.Wait()
	if out, _, _ := st.get(nil, []byte("sum")); string(out) != bulk(strconv.Itoa(workers*each)) {
		t.Errorf("the sum is %q", out)
	}
	if n, _ := st.size([]byte("log")); n != workers*each {
		t.Errorf("the log has %d bytes", n)
	}
	if err := st.check(); err != nil {
		t.Error(err)
	}
}
