package match

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Limits of a terminator, in bytes.
const (
	MaxLiteral  = 64 << 10 // the longest literal, alone or in an Any
	MaxAnyBytes = 1 << 20  // all literals of one Any together, duplicates included
)

// Kind says which kind of terminator a Terminator is.
type Kind uint8

// The kinds of terminator.
const (
	KindNone    Kind = iota // nothing ends the element
	KindLiteral             // a string of bytes ends it
	KindAny                 // one of several strings ends it
	KindCount               // it ends after so many bytes
)

// Terminator says what ends an element of a stream. The zero value is None.
//
// It is two words, immutable, and may be copied and used by any number of goroutines at once. Copies of one
// Terminator share what was compiled. == asks for the same compiled terminator; Equal for the same meaning.
//
// Invariant: prog is nil or n is 0; prog == nil and n > 0 is a Count, prog == nil and n == 0 is None.
type Terminator struct {
	prog *program
	n    int64
}

// program is a compiled Literal or Any: an Any if the automaton is there, else the literal. It is immutable, and shared.
type program struct {
	any *automaton
	literal
}

// Terminators that many protocols need. They are to be read only.
var (
	None     Terminator                // nothing ends the element
	LF       = MustLiteral("\n")       // a Unix line
	CRLF     = MustLiteral("\r\n")     // a line of most Internet protocols
	CRLFCRLF = MustLiteral("\r\n\r\n") // the end of a header block
)

// Literal returns the terminator b, of 1 to MaxLiteral bytes. It copies b, which stays the caller's. The error wraps
// ErrEmpty or ErrTooLong. Any goroutine may call it.
//
// It takes time and 5 bytes of memory for each byte of b, so compile once and share.
func Literal(b []byte) (Terminator, error) {
	if err := checkLiteral(b); err != nil {
		return None, err
	}
	prog := &program{}
	prog.compile(b)
	return Terminator{prog: prog}, nil
}

// MustLiteral is Literal for package variables: it panics where Literal returns an error.
func MustLiteral(s string) Terminator {
	t, err := Literal([]byte(s))
	if err != nil {
		panic(err)
	}
	return t
}

// Any returns the terminator that is any of lits: the literal that ends earliest in the stream ends the element, and
// of those that end at the same byte the longest. So Any("abcd", "bc") ends "abcd" after "bc". At least one literal
// is needed, each of 1 to MaxLiteral bytes, MaxAnyBytes bytes in all; one given twice counts as one. Any copies the
// literals, which stay the caller's. The error wraps ErrEmpty or ErrTooLong. Any goroutine may call it.
//
// It takes time proportional to the bytes of lits (and to sort them), and of memory at most 22 bytes for each, 4
// for each literal, and 1 KiB.
func Any(lits ...[]byte) (Terminator, error) {
	if len(lits) == 0 {
		return None, fmt.Errorf("%w: an Any has at least one literal", ErrEmpty)
	}
	total := 0
	for i, b := range lits {
		if err := checkLiteral(b); err != nil {
			return None, fmt.Errorf("%w (literal %d of the Any)", err, i)
		}
		if total += len(b); total > MaxAnyBytes {
			return None, fmt.Errorf("%w: an Any of more than %d bytes", ErrTooLong, MaxAnyBytes)
		}
	}
	return Terminator{prog: &program{any: newAutomaton(lits, total)}}, nil
}

// Count returns the terminator that ends an element after exactly n bytes. A count of 0 is None, as it is for
// asynchat. The error, for n < 0, wraps ErrNegative. Any goroutine may call it.
func Count(n int64) (Terminator, error) {
	if n < 0 {
		return None, fmt.Errorf("%w: %d", ErrNegative, n)
	}
	return Terminator{n: n}, nil
}

// Kind says which kind of terminator t is.
func (t Terminator) Kind() Kind {
	switch {
	case t.prog == nil && t.n == 0:
		return KindNone
	case t.prog == nil:
		return KindCount
	case t.prog.any != nil:
		return KindAny
	}
	return KindLiteral
}

// Bytes returns the bytes of a Literal and nil for every other kind. The slice is the terminator's own, shared by all
// its copies and valid for ever: it must not be written to. Its capacity is its length, so appending to it copies it.
// It never allocates.
func (t Terminator) Bytes() []byte {
	if t.prog == nil || t.prog.any != nil {
		return nil
	}
	b := t.prog.bytes
	return b[:len(b):len(b)]
}

// Count returns the number of bytes after which a Count ends the element, and 0 for every other kind.
func (t Terminator) Count() int64 { return t.n }

// MaxLen returns the length in bytes of the longest literal of a Literal or an Any, and 0 for None and Count. No
// Matcher holds back MaxLen bytes or more.
func (t Terminator) MaxLen() int {
	switch {
	case t.prog == nil:
		return 0
	case t.prog.any != nil:
		return t.prog.any.maxLen
	}
	return len(t.prog.bytes)
}

// Equal reports whether t and u are of the same kind and have the same count or the same set of literals. It takes
// time proportional to their length unless they are copies of one Terminator.
func (t Terminator) Equal(u Terminator) bool {
	if t == u {
		return true
	}
	if t.prog == nil || u.prog == nil {
		return false
	}
	if t.Kind() != u.Kind() {
		return false
	}
	if t.Kind() == KindAny {
		return t.prog.any.equal(u.prog.any)
	}
	return bytes.Equal(t.prog.bytes, u.prog.bytes)
}

// String describes t for people, as Go would write it: None, Literal("\r\n"), Any("\n", "\r\n"), Count(10). An Any
// names its literals sorted and each once. What is long is cut short.
func (t Terminator) String() string {
	switch t.Kind() {
	case KindNone:
		return "None"
	case KindCount:
		return "Count(" + strconv.FormatInt(t.n, 10) + ")"
	case KindLiteral:
		return "Literal(" + abridged(t.prog.bytes) + ")"
	}
	const most = 8 // literals named
	var names []string
	for lit := range t.prog.any.literals {
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, abridged(lit))
	}
	return "Any(" + strings.Join(names, ", ") + ")"
}

// abridged quotes b, and of a long b the beginning.
func abridged(b []byte) string {
	const most = 64 // bytes shown
	if len(b) <= most {
		return strconv.Quote(string(b))
	}
	return fmt.Sprintf("%q… %d bytes", b[:most], len(b))
}
