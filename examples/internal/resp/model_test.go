//go:build linux

package resp

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
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

// randomStep does one thing to both and returns what they answer.
func randomStep(rng *rand.Rand, st *store, m model, key string, now int64) (got, want string) {
	switch rng.IntN(9) {
	case 0:
		out, large, ok := st.get(nil, []byte(key))
		return storeValue(out, large, ok), m.value(key, now)
	case 1, 2:
		return m.set(rng, st, key, now)
	case 3:
		delta := int64(rng.Uint64()) >> rng.IntN(64)
		sum, err := st.add([]byte(key), delta)
		return fmt.Sprint(sum, err), m.add(key, now, delta)
	case 4:
		tail := randomText(rng)
		n, err := st.extend([]byte(key), []byte(tail), 3*sharedMin)
		return fmt.Sprint(n, err), m.extend(key, tail, now)
	case 5:
		_, found := m.live(key, now)
		delete(m, key)
		return fmt.Sprint(st.remove([]byte(key))), fmt.Sprint(found)
	case 6, 7:
		return m.time(rng, st, key, now)
	}
	st.sweep(1 + rng.IntN(100))
	e, found := m.live(key, now)
	n, ok := st.size([]byte(key))
	return fmt.Sprint(n, ok), fmt.Sprint(len(e.value), found)
}

// randomText is a value of a length at which something changes, or a number.
func randomText(rng *rand.Rand) string {
	if rng.IntN(3) == 0 {
		return strconv.FormatInt(int64(rng.Uint64())>>rng.IntN(64), 10)
	}
	lengths := []int{0, 1, 3, 20, 100, sharedMin - 1, sharedMin, sharedMin + 1, 2 * sharedMin}
	return strings.Repeat(strconv.Itoa(rng.IntN(10)), lengths[rng.IntN(len(lengths))])
}

// set sets key in some way.
func (m model) set(rng *rand.Rand, st *store, key string, now int64) (got, want string) {
	how := setting{rule: setRule(rng.IntN(3)), old: rng.IntN(2) == 0, keepTTL: rng.IntN(3) == 0}
	if !how.keepTTL && rng.IntN(2) == 0 {
		how.expires = now + 1 + rng.Int64N(20)
	}
	text := randomText(rng)
	old, found := m.live(key, now)
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
	out, large, had, did := st.set(nil, []byte(key), []byte(text), how)
	got = fmt.Sprint(had)
	if how.old {
		got = storeValue(out, large, had)
	}
	return fmt.Sprint(got, did), fmt.Sprint(want, stored)
}

// time sets, removes or asks for the time that key expires at.
func (m model) time(rng *rand.Rand, st *store, key string, now int64) (got, want string) {
	e, found := m.live(key, now)
	left := int64(ttlAbsent)
	switch {
	case found && e.expires == 0:
		left = ttlNever
	case found:
		left = e.expires - now
	}
	switch rng.IntN(3) {
	case 0:
		at := now + rng.Int64N(20) - 2
		if e.expires = at; found && at > now {
			m[key] = e
		} else {
			delete(m, key)
		}
		return fmt.Sprint(st.expireAt([]byte(key), at)), fmt.Sprint(found)
	case 1:
		if e.expires = 0; found {
			m[key] = e
		}
		return fmt.Sprint(st.persist([]byte(key))), fmt.Sprint(left >= 0)
	}
	return fmt.Sprint(st.ttl([]byte(key))), fmt.Sprint(left)
}

// extend is the store's, and returns what it answers.
func (m model) extend(key, tail string, now int64) string {
	e, _ := m.live(key, now)
	if len(e.value)+len(tail) > 3*sharedMin {
		return fmt.Sprint(0, errValueSize)
	}
	e.value += tail
	m[key] = e
	return fmt.Sprint(len(e.value), nil)
}

// add is the store's, and returns what it answers. The old value counts only if it is a number as strconv writes it.
func (m model) add(key string, now, delta int64) string {
	old, found := m.live(key, now)
	n := int64(0)
	if found {
		var err error
		if n, err = strconv.ParseInt(old.value, 10, 64); err != nil || strconv.FormatInt(n, 10) != old.value {
			return fmt.Sprint(0, errInteger)
		}
	}
	if delta > 0 && n+delta < n || delta < 0 && n+delta > n { // it has wrapped around
		return fmt.Sprint(0, errOverflow)
	}
	old.value = strconv.FormatInt(n+delta, 10)
	m[key] = old
	return fmt.Sprint(n+delta, nil)
}
