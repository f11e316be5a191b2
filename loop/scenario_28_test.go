//go:build linux

package loop

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/producer"
)

// readFunc is a reader that may do anything.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// following is a reader that gives text, in reads of their own kind, and then does what f does for ever.
func following(text string, f readFunc) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if text == "" {
			return f(p)
		}
		n := copy(p, text)
		text = text[n:]
		return n, nil
	})
}

var errTray = errors.New("no paper in the tray")

// hostileReaders are readers that break the contract of io.Reader, or only its spirit. What they send before that is
// whole, and the cause of Closed is that of the table; nil: there is no fault, and what was pushed behind the reader
// follows.
var hostileReaders = []struct {
	name  string
	sends string
	then  readFunc
	cause error
}{
	{"nothing for ever", "good", func([]byte) (int, error) { return 0, nil }, io.ErrNoProgress},
	{"nothing, not even at first", "", func([]byte) (int, error) { return 0, nil }, io.ErrNoProgress},
	{"an error", "good", func([]byte) (int, error) { return 0, errTray }, errTray},
	{"an error, not even at first", "", func([]byte) (int, error) { return 0, errTray }, errTray},
	{"a count above the buffer", "good", func(p []byte) (int, error) { return len(p) + 1, nil }, producer.ErrRead},
	{"a count of all memory", "good", func([]byte) (int, error) { return math.MaxInt, io.EOF }, producer.ErrRead},
	{"a count below 0", "good", func([]byte) (int, error) { return -1, nil }, producer.ErrRead},
	{"a count below 0 with EOF", "good", func([]byte) (int, error) { return math.MinInt, io.EOF }, producer.ErrRead},
	{"a panic", "good", func([]byte) (int, error) { panic("boom") }, producer.ErrRead},
	{"a nil panic", "good", func([]byte) (int, error) { panic(nil) }, producer.ErrRead},
	{"the end of its goroutine", "good", func([]byte) (n int, err error) { runtime.Goexit(); return }, producer.ErrRead},
	{"a nil reader", "", nil, producer.ErrRead},
	{"the end", "good", func([]byte) (int, error) { return 0, io.EOF }, nil},
}

// hostileReader makes the reader of a row.
func hostileReader(sends string, then readFunc) io.Reader {
	if then == nil {
		return nil
	}
	return following(sends, then)
}

// Scenario 28, what looks like a fault and is none: bytes with the end, bytes with an error, now and then nothing.
func TestScenario28OddReaders(t *testing.T) {
	n := 0
	for _, tt := range []struct {
		name  string
		sends string
		r     readFunc
		cause error
	}{
		{"bytes with EOF", "good", func(p []byte) (int, error) { return copy(p, "good"), io.EOF }, nil},
		{"bytes with an error", "good", func(p []byte) (int, error) { return copy(p, "good"), errTray }, errTray},
		{"nothing now and then", "gggg", func(p []byte) (int, error) {
			switch n++; {
			case n > 200:
				return 0, io.EOF
			case n%50 != 0:
				return 0, nil
			}
			return copy(p, "g"), nil
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) { pushReader(t, tt.r, tt.sends, tt.cause) })
	}
}

// Scenario 28: whatever a reader does, the bytes that it gave before arrive, what is wrong with it is the cause of
// Closed, and other connections of the loop go on.
func TestScenario28HostileReaders(t *testing.T) {
	for _, tt := range hostileReaders {
		t.Run(tt.name, func(t *testing.T) { pushReader(t, hostileReader(tt.sends, tt.then), tt.sends, tt.cause) })
	}
}

// pushReader pushes r between two other bytes.
func pushReader(t *testing.T, r io.Reader, sends string, cause error) {
	l := newTestLoop(t, Options{})
	var causes []error
	h := &hooks{
		receive: func(c *Conn, _ []byte, _ bool) error {
			err := errors.Join(c.PushString("<"), c.PushProducer(producer.Reader(r, 16)), c.PushString(">"))
			c.CloseWhenDone()
			return err
		},
		closed: func(_ *Conn, cause error) { causes = append(causes, cause) },
	}
	_, peer := pair(t, l, h, nil)
	if _, err := io.WriteString(peer, "go"); err != nil {
		t.Fatal(err)
	}
	got, want := &bytes.Buffer{}, "<"+sends
	if cause == nil {
		want += ">"
	}
	poll(t, l, func() bool { readSome(peer, got); return got.Len() >= len(want) })
	closeWrite(t, peer)
	poll(t, l, func() bool { readSome(peer, got); return len(causes) > 0 })
	rounds(t, l, 3)
	if got.String() != want {
		t.Errorf("%q came, want %q", got, want)
	}
	if len(causes) != 1 || !errors.Is(causes[0], cause) {
		t.Errorf("Closed had %v, want %v", causes, cause)
	}
	stillEchoes(t, l)
}

// stillEchoes sees that a loop serves a fresh connection.
func stillEchoes(t *testing.T, l *Loop) {
	t.Helper()
	_, peer := pair(t, l, HandlerFunc(echoLine), func(c *Conn) { c.SetTerminator(match.CRLF) })
	if _, err := io.WriteString(peer, "still here\r\n"); err != nil {
		t.Fatal(err)
	}
	got := &bytes.Buffer{}
	poll(t, l, func() bool { readSome(peer, got); return got.Len() >= len("still here\r\n") })
	if got.String() != "still here\r\n" {
		t.Errorf("a fresh connection gets %q", got)
	}
}

// Scenario 28, readers that block: a hundred of them hold up nobody, and their connections can be closed.
func TestScenario28BlockedReadersHoldUpNobody(t *testing.T) {
	l := newTestLoop(t, Options{})
	closed := 0
	var ends []*os.File
	for range 100 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, w)
		h := &hooks{
			opened: func(c *Conn) error { return c.PushProducer(producer.Reader(r, 16)) },
			closed: func(*Conn, error) { closed++ },
		}
		pair(t, l, h, nil)
	}
	before := l.Stats().Turns
	stillEchoes(t, l)
	if turns := l.Stats().Turns - before; turns > 1000 {
		t.Errorf("%d turns for one echo, beside readers that block", turns)
	}
	for _, w := range ends[:50] {
		_, _ = w.WriteString(strings.Repeat("x", 100))
	}
	stillEchoes(t, l)
	l.CloseAll(nil)
	poll(t, l, func() bool { return closed == len(ends) })
	for _, w := range ends {
		_ = w.Close()
	}
}
