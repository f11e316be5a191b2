package match

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unsafe"
)

func TestTerminatorErrors(t *testing.T) {
	long := make([]byte, MaxLiteral+1)
	full := make([]byte, MaxLiteral)
	sixteen := make([][]byte, MaxAnyBytes/MaxLiteral)
	for i := range sixteen {
		sixteen[i] = full
	}
	literal := func(b []byte) error { _, err := Literal(b); return err }
	anyOf := func(lits ...[]byte) error { _, err := Any(lits...); return err }
	count := func(n int64) error { _, err := Count(n); return err }
	finder := func(b []byte) error { _, err := NewFinder(b); return err }
	for _, c := range []struct {
		name string
		got  error
		want error
		text string // part of the message
	}{
		{"Literal nil", literal(nil), ErrEmpty, "at least one byte"},
		{"Literal empty", literal([]byte{}), ErrEmpty, ""},
		{"Literal too long", literal(long), ErrTooLong, "65537 bytes, the limit is 65536"},
		{"Literal longest", literal(full), nil, ""},
		{"Any of none", anyOf(), ErrEmpty, "at least one literal"},
		{"Any with an empty one", anyOf([]byte("a"), nil), ErrEmpty, "literal 1 of the Any"},
		{"Any with one too long", anyOf(long), ErrTooLong, "literal 0 of the Any"},
		{"Any longest", anyOf(sixteen...), nil, ""},
		{"Any too long", anyOf(append(sixteen, []byte("a"))...), ErrTooLong, "more than 1048576 bytes"},
		{"Count -1, row AC-12", count(-1), ErrNegative, "-1"},
		{"Count 0", count(0), nil, ""},
		{"NewFinder nil", finder(nil), ErrEmpty, ""},
		{"NewFinder too long", finder(long), ErrTooLong, ""},
		{"NewFinder longest", finder(full), nil, ""},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
		if c.want != nil && !strings.Contains(c.got.Error(), c.text) {
			t.Errorf("%s: %q does not say %q", c.name, c.got, c.text)
		}
	}
}

func TestMustLiteralPanics(t *testing.T) {
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, ErrEmpty) {
			t.Errorf("panicked with %v, want ErrEmpty", err)
		}
	}()
	MustLiteral("")
}

func TestTerminatorMethods(t *testing.T) {
	either := newSample(t, "\r\n", "\n", "\r\n").term
	five, err := Count(5)
	if err != nil {
		t.Fatal(err)
	}
	zero, err := Count(0)
	if err != nil {
		t.Fatal(err)
	}
	many := make([]string, 20)
	for i := range many {
		many[i] = strings.Repeat("m", i+1)
	}
	for _, c := range []struct {
		term   Terminator
		kind   Kind
		bytes  string
		count  int64
		maxLen int
		text   string
	}{
		{None, KindNone, "", 0, 0, "None"},
		{zero, KindNone, "", 0, 0, "None"},
		{LF, KindLiteral, "\n", 0, 1, `Literal("\n")`},
		{CRLF, KindLiteral, "\r\n", 0, 2, `Literal("\r\n")`},
		{CRLFCRLF, KindLiteral, "\r\n\r\n", 0, 4, `Literal("\r\n\r\n")`},
		{either, KindAny, "", 0, 2, `Any("\n", "\r\n")`},
		{newSample(t, many...).term, KindAny, "", 0, 20,
			`Any("m", "mm", "mmm", "mmmm", "mmmmm", "mmmmmm", "mmmmmmm", "mmmmmmmm", …)`},
		{five, KindCount, "", 5, 0, "Count(5)"},
		{MustLiteral(strings.Repeat("z", 65)), KindLiteral, strings.Repeat("z", 65), 0, 65,
			`Literal("` + strings.Repeat("z", 64) + `"… 65 bytes)`},
	} {
		if got := c.term.Kind(); got != c.kind {
			t.Errorf("%v: kind %d, want %d", c.term, got, c.kind)
		}
		got := c.term.Bytes()
		if string(got) != c.bytes || cap(got) != len(got) || (got == nil) != (c.kind != KindLiteral) {
			t.Errorf("%v: bytes %q with capacity %d", c.term, got, cap(got))
		}
		if got := c.term.Count(); got != c.count {
			t.Errorf("%v: count %d, want %d", c.term, got, c.count)
		}
		if got := c.term.MaxLen(); got != c.maxLen {
			t.Errorf("%v: MaxLen %d, want %d", c.term, got, c.maxLen)
		}
		if got := c.term.String(); got != c.text {
			t.Errorf("String is %s, want %s", got, c.text)
		}
	}
}

func TestEqual(t *testing.T) {
	seven, _ := Count(7)
	eight, _ := Count(8)
	// Each inner slice is one meaning; terminators of one are equal and those of two are not.
	meanings := [][]Terminator{
		{None, {}},
		{CRLF, MustLiteral("\r\n")},
		{LF, MustLiteral("\n")},
		{seven},
		{eight},
		{newSample(t, "a", "bc").term, newSample(t, "bc", "a", "bc").term},
		{newSample(t, "ab", "c").term},
		{newSample(t, "\n", "\n").term},
	}
	for i, these := range meanings {
		for j, those := range meanings {
			for _, a := range these {
				for _, b := range those {
					if got := a.Equal(b); got != (i == j) {
						t.Errorf("%v equal to %v: %v", a, b, got)
					}
				}
			}
		}
	}
}

// The constructors copy: what the caller does to the slice afterwards does not matter.
func TestConstructorsCopy(t *testing.T) {
	b, c := []byte("ab"), []byte("cd")
	lit, _ := Literal(b)
	either, _ := Any(b, c)
	f, _ := NewFinder(b)
	copy(b, "xx")
	copy(c, "xx")
	if !lit.Equal(MustLiteral("ab")) || !either.Equal(newSample(t, "ab", "cd").term) || f.Index([]byte("xxab")) != 2 {
		t.Errorf("%v and %v follow the caller's slice", lit, either)
	}
	got := append(lit.Bytes(), 'z')
	if !bytes.Equal(got[:2], lit.Bytes()) || &got[0] == &lit.Bytes()[0] {
		t.Error("appending to Bytes writes behind the literal")
	}
}

// A connection holds one Matcher, so its size is part of the bargain. On a 32-bit machine both are smaller.
func TestSizes(t *testing.T) {
	if got := unsafe.Sizeof(Terminator{}); got > 16 {
		t.Errorf("a Terminator has %d bytes", got)
	}
	if got := unsafe.Sizeof(Matcher{}); got > 24 {
		t.Errorf("a Matcher has %d bytes", got)
	}
	if got := unsafe.Sizeof(node{}); got > 20 {
		t.Errorf("a node has %d bytes", got)
	}
}
