//go:build linux

package resp

// The store as a set of keys: their times, and walks over all of them.

// Answers of ttl that are no time.
const (
	ttlAbsent = -2 // there is no such key
	ttlNever  = -1 // the key does not expire
)

// ttl returns the milliseconds until key expires, or ttlAbsent or ttlNever.
func (st *store) ttl(key []byte) int64 {
	sh := st.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	i := sh.find(key, st.clock)
	switch {
	case i < 0:
		return ttlAbsent
	case sh.entries[i].expires == 0:
		return ttlNever
	}
	return max(sh.entries[i].expires-st.clock(), 0)
}

// expireAt makes key expire at the given millisecond since 1970, at once if that is past. It reports whether key was there.
func (st *store) expireAt(key []byte, at int64) bool {
	sh := st.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	i := sh.find(key, st.clock)
	switch {
	case i < 0:
		return false
	case at <= st.clock():
		sh.remove(i)
	default:
		sh.setExpiry(i, at)
	}
	return true
}

// persist makes key never expire, and reports whether it would have.
func (st *store) persist(key []byte) bool {
	sh := st.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	i := sh.find(key, st.clock)
	if i < 0 || sh.entries[i].expires == 0 {
		return false
	}
	sh.setExpiry(i, 0)
	return true
}

// count returns the number of keys, and of those that expire. Keys whose time has come count until they are removed.
func (st *store) count() (keys, volatile int) {
	for i := range st.shards {
		sh := &st.shards[i]
		sh.mu.Lock()
		keys += len(sh.entries)
		volatile += sh.volatile
		sh.mu.Unlock()
	}
	return keys, volatile
}

// flush removes all keys.
func (st *store) flush() {
	for i := range st.shards {
		sh := &st.shards[i]
		sh.mu.Lock()
		sh.clear()
		sh.mu.Unlock()
	}
}

// scan visits up to count keys from the cursor on, and returns the cursor to go on from. A walk begins with 0 and is
// complete when 0 comes back: then every key that was there all the time was visited, once or oftener. visit runs under a lock.
//
// A cursor is shard + shardCount·entries left in it, where no entries left means that the shard was not begun.
func (st *store) scan(cursor uint64, count int, visit func(key string)) (next uint64) {
	shard, left := cursor%shardCount, cursor/shardCount
	now := st.clock()
	for count > 0 && shard < shardCount {
		sh := &st.shards[shard]
		sh.mu.Lock()
		if here := uint64(len(sh.entries)); left == 0 || left > here {
			left = here
		}
		for ; left > 0 && count > 0; left, count = left-1, count-1 {
			if e := &sh.entries[left-1]; e.expires == 0 || e.expires > now {
				visit(e.key)
			}
		}
		sh.mu.Unlock()
		if left > 0 {
			return shard + shardCount*left
		}
		shard++
	}
	return shard % shardCount
}

// sweep removes keys whose time has come. It looks at up to limit entries, a few from each shard, and goes on
// where the last sweep ended.
func (st *store) sweep(limit int) (examined, removed int) {
	const each = 64
	now := st.clock()
	for range shardCount {
		sh := &st.shards[st.next.Add(1)%shardCount]
		sh.mu.Lock()
		e, r := sh.sweep(min(each, limit-examined), now)
		sh.mu.Unlock()
		examined += e
		removed += r
		if examined == limit {
			break
		}
	}
	return examined, removed
}
