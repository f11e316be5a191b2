//go:build linux

package chat

import (
	"errors"
	"slices"
	"strconv"
	"sync"
)

var (
	errTaken = errors.New("is taken")
	errName  = errors.New("nicknames are 1 to 32 printable ASCII bytes without a space, not beginning with / * or <")
)

// names are the nicknames of a room, over all loops. A lock guards them: they are asked for when somebody comes,
// goes or changes names, never for a line.
//
// Invariant: sorted is in ascending order without duplicates.
type names struct {
	mu     sync.Mutex
	sorted []string // guarded by mu
}

// checkName returns errName unless name may be a nickname.
func checkName(name []byte) error {
	if len(name) == 0 || len(name) > MaxName || name[0] == '/' || name[0] == '*' || name[0] == '<' {
		return errName
	}
	for _, b := range name {
		if b <= ' ' || b > '~' {
			return errName
		}
	}
	return nil
}

// claim takes name; errTaken if somebody has it.
func (n *names) claim(name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, taken := slices.BinarySearch(n.sorted, name)
	if taken {
		return errTaken
	}
	n.sorted = slices.Insert(n.sorted, at, name)
	return nil
}

// release gives name, which was claimed, back.
func (n *names) release(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at, taken := slices.BinarySearch(n.sorted, name); taken {
		n.sorted = slices.Delete(n.sorted, at, at+1)
	}
}

// appendList appends "N here: a, b, c" to dst, with the first most names.
func (n *names) appendList(dst []byte, most int) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	dst = strconv.AppendInt(dst, int64(len(n.sorted)), 10)
	dst = append(dst, " here: "...)
	for i, name := range n.sorted[:min(most, len(n.sorted))] {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, name...)
	}
	if len(n.sorted) > most {
		dst = append(dst, ", ..."...)
	}
	return dst
}

// check reports a broken invariant.
func (n *names) check() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := 1; i < len(n.sorted); i++ {
		if n.sorted[i-1] >= n.sorted[i] {
			return errors.New("chat: names out of order: " + n.sorted[i-1] + ", " + n.sorted[i])
		}
	}
	return nil
}
