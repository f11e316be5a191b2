package match

import (
	"bytes"
	"fmt"
	"testing"
)

// The reference: quadratic and worse, and written to be obviously right.

// element is one element as a stream's reader sees it: it ends before byte end of the stream, its terminator
// included.
type element struct{ end, size int }

// naiveEnd returns the end of the first match of any of lits in s and the length of the longest that ends there.
func naiveEnd(s []byte, lits [][]byte) (end, size int, found bool) {
	for end = 1; end <= len(s); end++ {
		for _, lit := range lits {
			if bytes.HasSuffix(s[:end], lit) {
				size = max(size, len(lit))
			}
		}
		if size > 0 {
			return end, size, true
		}
	}
	return len(s), 0, false
}

// naiveElements cuts s into elements and returns the unfinished rest.
func naiveElements(s []byte, lits [][]byte) (elements []element, rest []byte) {
	from := 0
	for {
		end, size, found := naiveEnd(s[from:], lits)
		if !found {
			return elements, s[from:]
		}
		from += end
		elements = append(elements, element{from, size})
	}
}

// naivePrefix returns the length of the longest proper prefix of any of lits that s ends with.
func naivePrefix(s []byte, lits ...[]byte) int {
	longest := 0
	for _, lit := range lits {
		for n := range len(lit) {
			if bytes.HasSuffix(s, lit[:n]) {
				longest = max(longest, n)
			}
		}
	}
	return longest
}

// naiveFailure returns the strong failure function by its definition.
func naiveFailure(b []byte) []int32 {
	fail := make([]int32, len(b))
	for j := range b {
		fail[j] = -1
		for n := range j {
			if bytes.HasSuffix(b[:j], b[:n]) && b[n] != b[j] {
				fail[j] = int32(n)
			}
		}
	}
	return fail
}

// sample is a terminator beside its literals.
type sample struct {
	term Terminator
	lits [][]byte
}

// newSample makes a Literal of one string and an Any of more.
func newSample(t testing.TB, lits ...string) sample {
	t.Helper()
	var s sample
	for _, lit := range lits {
		s.lits = append(s.lits, []byte(lit))
	}
	var err error
	if len(lits) == 1 {
		s.term, err = Literal(s.lits[0])
	} else {
		s.term, err = Any(s.lits...)
	}
	if err != nil {
		t.Fatal(err)
	}
	if prog := s.term.prog; prog.any != nil {
		err = prog.any.check()
	} else {
		err = prog.check()
	}
	if err != nil {
		t.Fatalf("%v: %v", s.term, err)
	}
	return s
}

// feed hands p to m the way a reader does and returns the elements that end in it; base is the place of p in the
// stream. It checks what every call promises.
func feed(m *Matcher, base int, p []byte, w *meter) (elements []element, err error) {
	for {
		end, size, found := m.next(p, w)
		if err := m.check(); err != nil {
			return nil, err
		}
		if !found {
			if end != len(p) || size != 0 {
				return nil, fmt.Errorf("not found: end %d of %d, size %d", end, len(p), size)
			}
			if held := m.HeldBytes(); len(held) != m.Held() || cap(held) != len(held) {
				return nil, fmt.Errorf("Held is %d, HeldBytes %q with capacity %d", m.Held(), held, cap(held))
			}
			return elements, nil
		}
		if m.Held() != 0 {
			return nil, fmt.Errorf("%d bytes held after a match", m.Held())
		}
		elements = append(elements, element{base + end, size})
		base, p = base+end, p[end:]
	}
}

// allStrings visits every string over alphabet up to a length. The string is the next one after visit returns.
func allStrings(alphabet string, longest int, visit func(s []byte)) {
	s := make([]byte, 0, longest)
	var extend func()
	extend = func() {
		visit(s)
		if len(s) == longest {
			return
		}
		for i := range len(alphabet) {
			s = append(s, alphabet[i])
			extend()
			s = s[:len(s)-1]
		}
	}
	extend()
}
