//go:build linux

package resp

import (
	"errors"
	"fmt"
	"sync"
)

// entry is a key and its value.
type entry struct {
	key     string
	value   []byte
	expires int64 // milliseconds since 1970; 0: never
}

// shard is one part of the store. Entries lie dense in a slice, so that a scan needs no more than a position: it goes
// downwards, and a removal moves the last entry into the gap, which is either behind the scan or still before it,
// and so no key that stays is missed. All but find's clock needs mu.
//
// Invariant: index[e.key] is e's position, for every entry e and no other key; volatile is the number of entries that
// expire; 0 <= hand <= len(entries).
type shard struct {
	mu       sync.Mutex
	index    map[string]int
	entries  []entry
	volatile int
	hand     int // the sweep goes on below it
}

// find returns the position of key, or -1. An entry whose time has come is removed.
func (sh *shard) find(key []byte, clock func() int64) int {
	i, ok := sh.index[string(key)]
	if !ok {
		return -1
	}
	if at := sh.entries[i].expires; at != 0 && at <= clock() {
		sh.remove(i)
		return -1
	}
	return i
}

// insert adds a key that is not there, with no value, and returns its position.
func (sh *shard) insert(key []byte) int {
	i := len(sh.entries)
	k := string(key)
	sh.entries = append(sh.entries, entry{key: k})
	sh.index[k] = i
	return i
}

// remove removes the entry at i, and moves the last one there.
func (sh *shard) remove(i int) {
	if sh.entries[i].expires != 0 {
		sh.volatile--
	}
	last := len(sh.entries) - 1
	delete(sh.index, sh.entries[i].key)
	if i != last {
		sh.entries[i] = sh.entries[last]
		sh.index[sh.entries[i].key] = i
	}
	sh.entries[last] = entry{}
	sh.entries = sh.entries[:last]
	sh.hand = min(sh.hand, last)
}

// setExpiry makes the entry at i expire at the millisecond at, or never if it is 0.
func (sh *shard) setExpiry(i int, at int64) {
	e := &sh.entries[i]
	if e.expires != 0 {
		sh.volatile--
	}
	if at != 0 {
		sh.volatile++
	}
	e.expires = at
}

// sweep looks at up to n entries below the hand and removes those whose time has come.
func (sh *shard) sweep(n int, now int64) (examined, removed int) {
	for examined < n && examined < len(sh.entries)+removed && sh.volatile > 0 {
		if sh.hand == 0 {
			sh.hand = len(sh.entries)
		}
		sh.hand--
		examined++
		if at := sh.entries[sh.hand].expires; at != 0 && at <= now {
			sh.remove(sh.hand)
			removed++
		}
	}
	return examined, removed
}

// clear removes all entries, and gives their memory back.
func (sh *shard) clear() {
	sh.index = make(map[string]int)
	sh.entries, sh.volatile, sh.hand = nil, 0, 0
}

// check reports a broken invariant, for tests.
func (sh *shard) check() error {
	if len(sh.index) != len(sh.entries) {
		return fmt.Errorf("%d entries, %d keys", len(sh.entries), len(sh.index))
	}
	volatile := 0
	for i, e := range sh.entries {
		if at, ok := sh.index[e.key]; !ok || at != i {
			return fmt.Errorf("entry %q at %d is indexed at %d", e.key, i, at)
		}
		if e.expires != 0 {
			volatile++
		}
	}
	if volatile != sh.volatile {
		return fmt.Errorf("%d entries expire, %d are counted", volatile, sh.volatile)
	}
	if sh.hand < 0 || sh.hand > len(sh.entries) {
		return errors.New("the sweep's hand is off the entries")
	}
	return nil
}
