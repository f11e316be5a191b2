//go:build linux

package resp

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

const (
	shardCount = 64
	sharedMin  = 16 << 10 // a value of greater capacity is never written to, and so may be shared without its lock
)

// store is the keys and values that all loops share. Its methods may be called from any goroutine. What they are given is
// copied and stays the caller's. A key whose time has come is never seen.
//
// Invariant: every key is in the shard that its hash chooses; the bytes of a value whose capacity is above sharedMin do not change.
type store struct {
	clock  func() int64 // milliseconds since 1970; immutable
	next   atomic.Uint32
	shards [shardCount]shard
}

func newStore(clock func() int64) *store {
	st := &store{clock: clock}
	for i := range st.shards {
		st.shards[i].clear()
	}
	return st
}

func (st *store) shard(key []byte) *shard { return &st.shards[xxhash.Sum64(key)%shardCount] }

// get appends the value of key to dst as a bulk string; a large value is returned instead, to be read only.
func (st *store) get(dst, key []byte) (out, large []byte, found bool) {
	sh := st.shard(key)
	sh.mu.Lock()
	i := sh.find(key, st.clock)
	if i >= 0 {
		dst, large = sh.entries[i].read(dst)
	}
	sh.mu.Unlock()
	return dst, large, i >= 0
}

// read is get of an entry.
func (e *entry) read(dst []byte) (out, large []byte) {
	if cap(e.value) > sharedMin {
		return dst, e.value
	}
	return appendBulk(dst, e.value), nil
}

// setRule says when set stores.
type setRule uint8

const (
	always setRule = iota
	ifAbsent
	ifPresent
)

// setting is how set stores.
type setting struct {
	rule    setRule
	expires int64 // milliseconds since 1970; 0: never
	keepTTL bool  // leaves the time to expire as it was
	old     bool  // gets the old value
}

// set stores value under key, if the rule allows it. If asked for, the old value is returned as by get. found
// tells whether there was one, stored whether the rule allowed it.
func (st *store) set(dst, key, value []byte, how setting) (out, large []byte, found, stored bool) {
	sh := st.shard(key)
	sh.mu.Lock()
	i := sh.find(key, st.clock)
	found = i >= 0
	if found && how.old {
		dst, large = sh.entries[i].read(dst)
	}
	stored = how.rule == always || found == (how.rule == ifPresent)
	if stored {
		if !found {
			i = sh.insert(key)
		}
		sh.entries[i].write(value)
		if !how.keepTTL {
			sh.setExpiry(i, how.expires)
		}
	}
	sh.mu.Unlock()
	return dst, large, found, stored
}

// write copies value into the entry: where the old one is, if it fits there without waste and nobody shares it.
func (e *entry) write(value []byte) {
	room := cap(e.value)
	if room > sharedMin || room < len(value) || room > 4*len(value)+64 {
		e.value = bytes.Clone(value)
		return
	}
	e.value = append(e.value[:0], value...)
}

// add adds delta to the number under key, 0 if there is none, and returns the sum.
func (st *store) add(key []byte, delta int64) (sum int64, err error) {
	sh := st.shard(key)
	sh.mu.Lock()
	i := sh.find(key, st.clock)
	sum = delta
	if i >= 0 {
		sum, err = plus(sh.entries[i].value, delta)
	}
	if err == nil {
		if i < 0 {
			i = sh.insert(key)
		}
		var digits [20]byte
		sh.entries[i].write(strconv.AppendInt(digits[:0], sum, 10))
	}
	sh.mu.Unlock()
	return sum, err
}

func plus(value []byte, delta int64) (int64, error) {
	n, ok := parseInt(value)
	if !ok {
		return 0, errInteger
	}
	if delta > 0 && n > math.MaxInt64-delta || delta < 0 && n < math.MinInt64-delta {
		return 0, errOverflow
	}
	return n + delta, nil
}

// extend appends tail to the value under key and returns its new length, which may be limit at most.
func (st *store) extend(key, tail []byte, limit int) (n int, err error) {
	sh := st.shard(key)
	sh.mu.Lock()
	i := sh.find(key, st.clock)
	if i >= 0 {
		n = len(sh.entries[i].value)
	}
	if n += len(tail); n > limit {
		sh.mu.Unlock()
		return 0, errValueSize
	}
	if i < 0 {
		i = sh.insert(key)
	}
	e := &sh.entries[i]
	e.value = append(e.value, tail...) // a value that is shared ends before the bytes written
	sh.mu.Unlock()
	return n, nil
}

// size returns the length of the value under key.
func (st *store) size(key []byte) (n int, found bool) {
	sh := st.shard(key)
	sh.mu.Lock()
	i := sh.find(key, st.clock)
	if i >= 0 {
		n = len(sh.entries[i].value)
	}
	sh.mu.Unlock()
	return n, i >= 0
}

// remove removes key, and reports whether it was there.
func (st *store) remove(key []byte) bool {
	sh := st.shard(key)
	sh.mu.Lock()
	i := sh.find(key, st.clock)
	if i >= 0 {
		sh.remove(i)
	}
	sh.mu.Unlock()
	return i >= 0
}

// check reports a broken invariant, for tests.
func (st *store) check() error {
	for n := range st.shards {
		sh := &st.shards[n]
		sh.mu.Lock()
		err := sh.check()
		for _, e := range sh.entries {
			if st.shard([]byte(e.key)) != sh {
				err = errors.Join(err, fmt.Errorf("%q is in the wrong shard", e.key))
			}
		}
		sh.mu.Unlock()
		if err != nil {
			return fmt.Errorf("shard %d: %w", n, err)
		}
	}
	return nil
}
