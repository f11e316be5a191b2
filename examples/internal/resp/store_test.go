//go:build linux

package resp

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// model is the store as one map.
type model map[string]modelEntry

type modelEntry struct {
	value   string
	expires int64
}

func (m model) live(key string, now int64) (modelEntry, bool) {
	e, ok := m[key]
	if ok && e.expires != 0 && e.expires <= now {
		delete(m, key)
		return modelEntry{}, false
	}
	return e, ok
}

// value is what get answers, as a string.
func storeValue(out, large []byte, found bool) string {
	switch {
	case !found:
		return "none"
	case large != nil:
		return bulk(string(large))
	}
	return string(out)
}

func (m model) value(key string, now int64) string {
	if e, ok := m.live(key, now); ok {
		return bulk(e.value)
	}
	return "none"
}

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

// randomStep does one thing to both and returns what they answer.
func randomStep(rng *rand.Rand, st *store, m model, key string, now int64) (got, want string) {
	lengths := []int{0, 1, 3, 20, 100, sharedMin - 1, sharedMin, sharedMin + 1, 2 * sharedMin}
	text := strings.Repeat(strconv.Itoa(rng.IntN(10)), lengths[rng.IntN(len(lengths))])
	if rng.IntN(3) == 0 {
		text = strconv.FormatInt(int64(rng.Uint64())>>rng.IntN(64), 10)
	}
	old, found := m.live(key, now)
	k := []byte(key)
	switch rng.IntN(9) {
	case 0:
		out, large, ok := st.get(nil, k)
		return storeValue(out, large, ok), m.value(key, now)
	case 1:
		how := setting{rule: setRule(rng.IntN(3)), old: rng.IntN(2) == 0, keepTTL: rng.IntN(3) == 0}
		if !how.keepTTL && rng.IntN(2) == 0 {
			how.expires = now + 1 + rng.Int64N(20)
		}
		want = fmt.Sprint(found)
		if how.old {
			want = m.value(key, now)
		}
		stored := how.rule == always || how.rule == ifPresent && found || how.rule == ifAbsent && !found
		if stored {
			e := modelEntry{text, how.expires}
			if how.keepTTL {
				e.expires = old.expires
			}
			m[key] = e
		}
		out, large, had, did := st.set(nil, k, []byte(text), how)
		got = fmt.Sprint(had)
		if how.old {
			got = storeValue(out, large, had)
		}
		return fmt.Sprint(got, did), fmt.Sprint(want, stored)
	case 2:
		delta := int64(rng.Uint64()) >> rng.IntN(64)
		sum, err := st.add(k, delta)
		return fmt.Sprint(sum, err), m.add(key, old, found, delta)
	case 3:
		n, err := st.extend(k, []byte(text), 3*sharedMin)
		if len(old.value)+len(text) > 3*sharedMin {
			return fmt.Sprint(n, err), fmt.Sprint(0, errValueSize)
		}
		old.value += text
		m[key] = old
		return fmt.Sprint(n, err), fmt.Sprint(len(old.value), nil)
	case 4:
		delete(m, key)
		return fmt.Sprint(st.remove(k)), fmt.Sprint(found)
	case 5:
		at := now + rng.Int64N(20) - 2
		if old.expires = at; found && at > now {
			m[key] = old
		} else if found {
			delete(m, key)
		}
		return fmt.Sprint(st.expireAt(k, at)), fmt.Sprint(found)
	case 6:
		had := old.expires != 0
		if old.expires = 0; found {
			m[key] = old
		}
		return fmt.Sprint(st.persist(k)), fmt.Sprint(had)
	case 7:
		want := int64(ttlAbsent)
		if found {
			want = ttlNever
		}
		if old.expires != 0 {
			want = old.expires - now
		}
		return fmt.Sprint(st.ttl(k)), fmt.Sprint(want)
	}
	st.sweep(1 + rng.IntN(100))
	n, ok := st.size(k)
	return fmt.Sprint(n, ok), fmt.Sprint(len(old.value), found)
}

// add is the store's, and returns what it answers. The old value counts only if it is a number as strconv writes it.
func (m model) add(key string, old modelEntry, found bool, delta int64) string {
	n := int64(0)
	if found {
		var err error
		if n, err = strconv.ParseInt(old.value, 10, 64); err != nil || strconv.FormatInt(n, 10) != old.value {
			return fmt.Sprint(0, errInteger)
		}
	}
	if sum := float64(n) + float64(delta); delta > 0 && n+delta < n || delta < 0 && n+delta > n || math.Abs(sum) > 1e19 {
		return fmt.Sprint(0, errOverflow)
	}
	old.value = strconv.FormatInt(n+delta, 10)
	m[key] = old
	return fmt.Sprint(n+delta, nil)
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
