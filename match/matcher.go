package match

import "fmt"

// Matcher finds the ends of a stream's elements, in whatever pieces the stream comes. It is a terminator and the
// carry: three words, no pointer to data, and it never allocates. The zero value has the terminator None. It may be
// copied, and the copy goes on by itself; it is for one goroutine at a time.
//
//	       Next: not found            Next: found
//	       ┌───┐                      Literal, Any: to carry 0
//	       ▼   │                      Count: to None
//	Reset ─▶ searching, carry ≥ 0 ─────────▶ searching the next element, carry 0
//
// Invariant: state is the whole carry, namely how much of a terminator the element's bytes so far end with: of a
// literal the bytes, of an Any the node; a Count keeps in the terminator what is still to come, and has, like None,
// state 0.
type Matcher struct {
	term  Terminator
	state int32 // bytes matched of a literal, or node of an automaton
	debt  int16 // see meter; kept so that no way of cutting the input up renews the budget
	run   uint8 // elements that ended alike and soon since Reset, up to runFrom; more when Cuts looks ahead
}

// shortLen is the length in bytes below which the fast search costs more than it saves.
const shortLen = 8

// NewMatcher returns a Matcher at the beginning of an element that t ends.
func NewMatcher(t Terminator) Matcher { return Matcher{term: t} }

// Reset makes t the terminator and forgets the carry: the next byte is the first of an element. Bytes that were held
// back are then the caller's to account for, see HeldBytes.
func (m *Matcher) Reset(t Terminator) { *m = Matcher{term: t} }

// Restart forgets the carry but not the terminator: the next byte is the first of an element. It is for a caller that
// stops at one of several Cuts; unlike Reset with the same terminator it does not renew the search's budget.
func (m *Matcher) Restart() { m.state, m.run = 0, 0 }

// Terminator returns the terminator in force. For a Count it is what is left of it, as asynchat's get_terminator has
// it, and None once the count has been reached.
func (m *Matcher) Terminator() Terminator { return m.term }

// Next examines p, the bytes that follow those of the earlier calls, up to the end of the first element that ends in
// it. It reads p only while it runs, and keeps nothing of it.
//
// found: p[:end] completes the element, and size is the length in bytes of the terminator that ended it, 0 for a
// Count. The terminator may have begun in an earlier p, so end-size may be negative: of the bytes held back before
// this call the last size-end belong to the terminator, and those before them are data of the element. The Matcher is
// ready for the next element with p[end:]; after a Count it has become None, asynchat's rule.
//
// not found: end is len(p) and size 0. Held tells how many of the element's bytes so far are held back, because they
// are the beginning of a terminator; all others are data.
//
// The work over a whole stream is linear in its bytes, however it is cut into calls; the package comment has the
// bounds.
func (m *Matcher) Next(p []byte) (end, size int, found bool) {
	prog := m.term.prog
	if len(p) != 1 || prog == nil {
		return m.choose(p)
	}
	// A single byte: the plain search's step.
	b, c, from := prog.bytes, p[0], uint(uint32(m.state))
	if from >= uint(len(b)) { // an Any has no bytes
		return m.choose(p)
	}
	j := from
	if b[j] != c {
		if j == 0 { // most of them: nothing is written
			return 1, 0, false
		}
		for {
			if j = uint(prog.fail[j]); j >= uint(len(b)) { // -1
				m.state = 0
				return 1, 0, false
			}
			if b[j] == c {
				break
			}
		}
	}
	if j++; j < uint(len(b)) {
		if j != from { // else the next call need not wait for what this one stores
			m.state = int32(j)
		}
		return 1, 0, false
	}
	m.ended(1)
	return 1, len(b), true
}

// choose is Next, by the kind of terminator and the length of p.
func (m *Matcher) choose(p []byte) (end, size int, found bool) {
	if prog := m.term.prog; prog != nil && prog.any == nil {
		if len(p) < shortLen {
			return m.bytewise(p)
		}
		if m.state == 0 && prog.exact() {
			return m.brief(p)
		}
	}
	var w meter
	return m.next(p, &w)
}

// bytewise is Next for a few bytes and a literal: the plain search.
func (m *Matcher) bytewise(p []byte) (end, size int, found bool) {
	l := &m.term.prog.literal
	var w meter
	n, j := l.kmp(p, int(m.state), &w)
	if j == len(l.bytes) {
		m.ended(n)
		return n, j, true
	}
	m.state = int32(j)
	return n, 0, false
}

// brief is Next for a short literal at the beginning of an element. Most elements end soon: the first bytes are searched
// without the choice of a gear.
func (m *Matcher) brief(p []byte) (end, size int, found bool) {
	const near = 1024 // bytes
	l := &m.term.prog.literal
	size = len(l.bytes)
	n := min(len(p)-size+1, near)
	at, _ := scanPair(p, n, &l.first, noLimit)
	if at < n {
		m.ended(at + size)
		return at + size, size, true
	}
	var w meter
	if n < near { // a match can only begin in the last bytes, one less than the literal has
		_, j := l.kmp(p[n:], 0, &w)
		m.state = int32(j)
		return len(p), 0, false
	}
	end, size, found = m.next(p[n:], &w)
	m.run = 0 // it is a long one
	return n + end, size, found
}

// ended counts an element of which n bytes came last, and forgets its carry.
func (m *Matcher) ended(n int) {
	m.state = 0
	if n > runShort {
		m.run = 0
	} else if m.run < runFrom {
		m.run++
	}
}

// next is Next, and adds the steps taken to w.
func (m *Matcher) next(p []byte, w *meter) (end, size int, found bool) {
	prog := m.term.prog
	if prog == nil {
		return m.count(p)
	}
	if prog.any != nil {
		if end, m.state, size = prog.any.search(p, m.state, w); size > 0 {
			m.ended(end)
		}
		return end, size, size > 0
	}
	size = len(prog.bytes)
	n, j := 0, int(m.state)
	switch {
	case len(p) < shortLen:
		n, j = prog.kmp(p, j, w)
	case prog.exact():
		n, j = prog.short(p, j, w)
	default:
		w.debt = int32(m.debt)
		n, j = prog.search(p, j, w)
		m.debt = int16(w.debt)
	}
	if j == size {
		m.ended(n)
		return n, size, true
	}
	m.state = int32(j)
	return n, 0, false
}

// count is next for a Count and for None, which is a Count of nothing.
func (m *Matcher) count(p []byte) (end, size int, found bool) {
	left := m.term.n
	if left == 0 {
		return len(p), 0, false
	}
	if int64(len(p)) < left {
		m.term.n = left - int64(len(p))
		return len(p), 0, false
	}
	m.term.n = 0
	return int(left), 0, true
}

// Held returns how many bytes the element so far ends with that are the beginning of a terminator, and so are held
// back: fewer than MaxLen of the terminator, and 0 for None, a Count, and at the beginning of an element.
func (m *Matcher) Held() int {
	prog := m.term.prog
	if prog == nil || prog.any == nil {
		return int(m.state)
	}
	return int(prog.any.nodes[m.state].depth)
}

// HeldBytes returns the bytes that are held back, Held of them. They are equal to the stream's last bytes but are a
// slice of the literal itself: shared, valid for ever, and not to be written to. Its capacity is its length.
func (m *Matcher) HeldBytes() []byte {
	prog := m.term.prog
	switch {
	case prog == nil:
		return nil
	case prog.any != nil:
		return prog.any.path(m.state)
	}
	return prog.bytes[:m.state:m.state]
}

// Remaining returns how many bytes of a Count are still to come, and 0 for every other terminator.
func (m *Matcher) Remaining() int64 { return m.term.n }

// check reports a breach of the invariant.
func (m *Matcher) check() error {
	if m.debt < 0 || m.debt > plainDebt+plainSpell {
		return fmt.Errorf("debt %d", m.debt)
	}
	prog := m.term.prog
	switch {
	case m.run > runMost:
		return fmt.Errorf("a run of %d", m.run)
	case prog == nil && (m.state != 0 || m.debt != 0 || m.run != 0 || m.term.n < 0):
		return fmt.Errorf("count %d with state %d and debt %d", m.term.n, m.state, m.debt)
	case prog == nil:
		return nil
	case m.term.n != 0 || m.state < 0:
		return fmt.Errorf("state %d, count %d", m.state, m.term.n)
	case prog.any == nil && int(m.state) >= len(prog.bytes):
		return fmt.Errorf("%d bytes matched of %d", m.state, len(prog.bytes))
	case prog.any != nil && int(m.state) >= len(prog.any.labels):
		return fmt.Errorf("node %d of %d", m.state, len(prog.any.labels))
	case prog.any != nil && prog.any.nodes[m.state].out != 0:
		return fmt.Errorf("node %d would have matched", m.state)
	}
	return nil
}
