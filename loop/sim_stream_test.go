//go:build linux

package loop

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"github.com/millrace-net/millrace/match"
)

// simTerm is a terminator beside what a search that is obviously right needs to find it.
type simTerm struct {
	match.Terminator
	lits  [][]byte
	count int
}

func literalTerm(s string) *simTerm {
	return &simTerm{Terminator: match.MustLiteral(s), lits: [][]byte{[]byte(s)}}
}

func anyTerm(lits ...string) *simTerm {
	t := &simTerm{}
	for _, s := range lits {
		t.lits = append(t.lits, []byte(s))
	}
	t.Terminator, _ = match.Any(t.lits...)
	return t
}

func countTerm(n int) *simTerm {
	t := &simTerm{count: n}
	t.Terminator, _ = match.Count(int64(n))
	return t
}

var simTerms = []*simTerm{
	literalTerm("\r\n"), literalTerm("\r\n"), literalTerm("\n"), literalTerm("\r\n\r\n"), literalTerm("aab"),
	literalTerm("abababac"), literalTerm(string(bytes.Repeat([]byte("a"), 40)) + "b"), anyTerm("\r\n", "\n"),
	anyTerm("abcd", "bc"), anyTerm("a", "aba", "b\r"), anyTerm("\r\n\r\n", "\n\n", "cdx"), countTerm(1), countTerm(7),
	countTerm(100), countTerm(3000), noTerm,
}

// noTerm never ends an element.
var noTerm = &simTerm{}

// end returns where the first element of p ends, and how many bytes the terminator has; -1 if it does not end there. No
// end lies before p[clear].
func (t *simTerm) end(p []byte, clear int) (end, size int) {
	if t.count > 0 {
		if len(p) >= t.count {
			return t.count, 0
		}
		return -1, 0
	}
	end = -1
	from := max(0, clear-t.MaxLen()+1)
	for _, lit := range t.lits {
		at := bytes.Index(p[from:], lit)
		if at < 0 {
			continue
		}
		if e := from + at + len(lit); end < 0 || e < end || e == end && len(lit) > size {
			end, size = e, len(lit)
		}
	}
	return end, size
}

// simFlow is one direction of a connection, as its two users see it.
//
// Invariant: buf is what was sent from the beginning of the receiver's present element on, and it has got buf[:off];
// no element ends within buf[:clear].
type simFlow struct {
	buf        []byte
	off, clear int
	sent, got  uint64
}

func (f *simFlow) put(p []byte) {
	f.buf = append(f.buf, p...)
	f.sent += uint64(len(p))
}

// unput takes back what was put last. It reports false if some of it was received.
func (f *simFlow) unput(n int) bool {
	f.buf = f.buf[:len(f.buf)-n]
	f.sent -= uint64(n)
	return len(f.buf) >= f.off
}

// forget begins a new element behind the first n bytes of buf.
func (f *simFlow) forget(n int) {
	if n > f.off {
		f.got += uint64(n - f.off)
		f.off = n
	}
	f.off -= n
	f.buf = f.buf[n:]
	f.clear = 0
}

// pass notes that n bytes more were received.
func (f *simFlow) pass(n int) {
	f.off += n
	f.got += uint64(n)
}

// take is the receipt of bytes that are no elements.
func (f *simFlow) take(p []byte) error {
	if !bytes.HasPrefix(f.buf, p) {
		return fmt.Errorf("%d bytes came at %d that are not the ones sent there: %q, not %q", len(p), f.got, brief(p), brief(f.buf))
	}
	f.forget(len(p))
	return nil
}

// end is where the receiver's present element ends.
func (f *simFlow) end(t *simTerm) (end, size int) {
	if end, size = t.end(f.buf, f.clear); end < 0 {
		f.clear = len(f.buf)
	}
	return end, size
}

func brief(p []byte) []byte { return p[:min(len(p), 40)] }

// snippets are what streams are made of: ends of elements, and what looks like one at first.
var snippets = [][]byte{
	[]byte("\r\n"), []byte("\r"), []byte("\n"), []byte("\r\n\r\n"), []byte("aab"), []byte("abababa"), []byte("abababac"),
	[]byte("abcd"), []byte("cdx"), []byte("b\r"), []byte("hello, world"), bytes.Repeat([]byte("a"), 39), []byte("aaaaab"),
}

// babble makes n bytes.
func babble(r *rand.Rand, n int) []byte {
	p := make([]byte, 0, n+64)
	for len(p) < n {
		if r.IntN(40) == 0 {
			for range r.IntN(2000) {
				p = append(p, byte('e'+r.IntN(20)))
			}
		}
		p = append(p, snippets[r.IntN(len(snippets))]...)
	}
	return p[:n:n]
}
