//go:build linux

package loop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/match"
)

// transcript records what a handler is told.
type transcript []string

func (r *transcript) add(format string, args ...any) { *r = append(*r, fmt.Sprintf(format, args...)) }

func (r transcript) is(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(r, want) {
		t.Fatalf("got  %q\nwant %q", []string(r), want)
	}
}

// TestAmidElement makes changes while an element is unfinished, from within Receive and from outside.
func TestAmidElement(t *testing.T) {
	type change func(c *Conn)
	term := func(s string) change { return func(c *Conn) { c.SetTerminator(lit(s)) } }
	delivery := func(d Delivery) change { return func(c *Conn) { c.SetDelivery(d) } }
	for _, tc := range []struct {
		name     string
		term     match.Terminator
		delivery Delivery
		first    string
		inside   bool // the change is made by Receive of the first piece
		change   change
		second   string
		want     []string
	}{
		{"pieces: the held bytes end with the new terminator", match.CRLF, Pieces, "ab\r", true, term("\r"), "cd\r",
			[]string{"ab false", " true", "cd true"}},
		{"the same from outside", match.CRLF, Pieces, "ab\r", false, term("\r"), "cd\r",
			[]string{"ab false", " true", "cd true"}},
		{"pieces: the held bytes begin the new terminator", match.CRLF, Pieces, "ab\r", true, term("\rcd"), "cdx\rcd",
			[]string{"ab false", " true", "x true"}},
		{"the same from outside, the same end", match.CRLF, Pieces, "ab\r", false, term("\rcd"), "cdx\rcd",
			[]string{"ab false", " true", "x true"}},
		{"pieces: the held bytes are data", match.CRLF, Pieces, "ab\r", true, term("x"), "\nx",
			[]string{"ab false", "\r false", "\n true"}},
		{"whole: the held element is examined anew", match.CRLF, Whole, "ab-cd", false, term("-"), "e-",
			[]string{"ab true", "cde true"}},
		{"whole: a longer held element", match.CRLF, Whole, "ab\r", false, term("\n"), "\n\n",
			[]string{"ab\r true", " true"}},
		{"the same terminator keeps the carry", match.CRLF, Pieces, "ab\r", true, term("\r\n"), "\ncd\r\n",
			[]string{"ab false", " true", "cd true"}},
		{"whole to none", match.CRLF, Whole, "ab\r", false, func(c *Conn) { c.SetTerminator(match.None) }, "\nc",
			[]string{"ab\r false", "\nc false"}},
		{"a count from none", match.None, Whole, "ab", true, func(c *Conn) { c.SetTerminator(count(2)) }, "cdef",
			[]string{"ab false", "cd true", "ef false"}},
		{"a count set anew starts anew", count(4), Pieces, "ab", true, func(c *Conn) { c.SetTerminator(count(4)) }, "cdef",
			[]string{"ab false", "cdef true"}},
		{"to whole, inside", match.CRLF, Pieces, "ab\r", true, delivery(Whole), "\rcd\r\n",
			[]string{"ab false", "\r\rcd true"}},
		{"to whole, inside, the end is held", match.CRLF, Pieces, "ab\r", true, delivery(Whole), "\n",
			[]string{"ab false", " true"}},
		{"to whole, outside", match.CRLF, Pieces, "ab\r", false, delivery(Whole), "cd\r\n",
			[]string{"ab false", "\rcd true"}},
		{"to pieces, outside", match.CRLF, Whole, "ab\r", false, delivery(Pieces), "cd\r\n",
			[]string{"ab false", "\rcd true"}},
		{"discard, inside", match.CRLF, Pieces, "ab\r", true, func(c *Conn) { c.Discard() }, "\ncd\r\n",
			[]string{"ab false", "\ncd true"}},
		{"discard, outside", match.CRLF, Whole, "ab\r", false, func(c *Conn) { c.Discard() }, "\ncd\r\n",
			[]string{"\ncd true"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newTestLoop(t, Options{})
			var got transcript
			h := &hooks{receive: func(c *Conn, data []byte, found bool) error {
				got.add("%s %t", data, found)
				if tc.inside && len(got) == 1 {
					tc.change(c)
				}
				return nil
			}}
			c, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(tc.term); c.SetDelivery(tc.delivery) })
			io.WriteString(peer, tc.first)
			rounds(t, l, 2)
			if !tc.inside {
				tc.change(c)
				rounds(t, l, 2)
			}
			io.WriteString(peer, tc.second)
			rounds(t, l, 3)
			got.is(t, tc.want...)
		})
	}
}

func TestEndOfStream(t *testing.T) {
	for _, tc := range []struct {
		name     string
		delivery Delivery
		half     bool
		want     []string
	}{
		{"whole", Whole, false, []string{"one true", "two\r false", "closed EOF"}},
		{"pieces", Pieces, false, []string{"one true", "two false", "\r false", "closed EOF"}},
		{"half-close", Whole, true, []string{"one true", "two\r false", "read closed", "closed <nil>"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newTestLoop(t, Options{})
			var got transcript
			ended := false
			h := hooks{
				receive: func(c *Conn, data []byte, found bool) error { got.add("%s %t", data, found); return nil },
				closed:  func(c *Conn, cause error) { got.add("closed %v", cause); ended = true },
			}
			var handler Handler = &h
			if tc.half {
				handler = &halfCloser{hooks{receive: h.receive, closed: h.closed, readClosed: func(c *Conn) error {
					got.add("read closed")
					c.PushString("bye")
					c.CloseWrite()
					c.SetTerminator(match.LF) // nothing is left to be examined anew
					return nil
				}}}
			}
			_, peer := pair(t, l, handler, func(c *Conn) { c.SetTerminator(match.CRLF); c.SetDelivery(tc.delivery) })
			io.WriteString(peer, "one\r\ntwo\r")
			closeWrite(t, peer)
			poll(t, l, func() bool { return ended })
			rounds(t, l, 2)
			got.is(t, tc.want...)
			if reply, _ := io.ReadAll(peer); tc.half && string(reply) != "bye" {
				t.Fatalf("reply %q", reply)
			}
		})
	}
}

func TestOversizeDiscard(t *testing.T) {
	for size := 1; size < 60; size++ { // the size of a read
		l := newTestLoop(t, Options{MaxElement: 8, Oversize: DiscardOversize})
		var got transcript
		h := &oversizer{hooks{receive: func(c *Conn, data []byte, found bool) error { got.add("%s", data); return nil }}, &got}
		_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
		stream := "12345678\r\n123456789\r\na\r\n" + strings.Repeat("\r", 20) + "\n\r\n" + "123456789\r\n\r\nlast\r\n"
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			io.WriteString(peer, rest[:n])
			rest = rest[n:]
			rounds(t, l, 1)
		}
		rounds(t, l, 2)
		got.is(t, "12345678", "too long", "a", "too long", "", "too long", "", "last")
		if n := l.Stats().Oversize; n != 3 {
			t.Fatalf("%d oversize", n)
		}
	}
}

type oversizer struct {
	hooks
	got *transcript
}

func (o *oversizer) Oversize(c *Conn) error { o.got.add("too long"); return nil }

// An Oversizer that changes the terminator resynchronizes at the same place for every split.
func TestOversizeChangesTheTerminator(t *testing.T) {
	for size := 1; size < 40; size++ {
		l := newTestLoop(t, Options{MaxElement: 8, Oversize: DiscardOversize})
		var got transcript
		h := &resyncer{hooks{receive: func(c *Conn, data []byte, found bool) error { got.add("%s", data); return nil }}}
		_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(lit("--end")) })
		for rest := "123456789--|a|b|--end--e|"; len(rest) > 0; {
			n := min(size, len(rest))
			io.WriteString(peer, rest[:n])
			rest = rest[n:]
			rounds(t, l, 2)
		}
		rounds(t, l, 2)
		if fmt.Sprint(got) != "[-- a b --end--e]" {
			t.Fatalf("reads of %d: %q", size, got)
		}
	}
}

type resyncer struct{ hooks }

func (r *resyncer) Oversize(c *Conn) error { c.SetTerminator(lit("|")); return nil }

func TestOversizeCloses(t *testing.T) {
	l := newTestLoop(t, Options{MaxElement: 8})
	var cause error
	var got transcript
	h := &hooks{
		receive: func(c *Conn, data []byte, found bool) error { got.add("%s %t", data, found); return nil },
		closed:  func(c *Conn, err error) { cause = err },
	}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	io.WriteString(peer, "a\r\n123456789")
	poll(t, l, func() bool { return cause != nil })
	if !errors.Is(cause, ErrElementTooLong) {
		t.Fatal(cause)
	}
	got.is(t, "a true")
}

func TestPauseTakesEffectBeforeTheNextByte(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got transcript
	h := &hooks{receive: func(c *Conn, data []byte, found bool) error {
		got.add("%s", data)
		c.Pause()
		return nil
	}}
	c, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	io.WriteString(peer, "a\nb\nc\npart")
	rounds(t, l, 3)
	got.is(t, "a")
	c.Resume()
	rounds(t, l, 3)
	got.is(t, "a", "b")
	c.Resume()
	rounds(t, l, 3)
	c.Resume()
	io.WriteString(peer, "ial\n")
	rounds(t, l, 3)
	got.is(t, "a", "b", "c", "partial")
}

func TestSuspendWorksOnAnotherGoroutine(t *testing.T) {
	l := newTestLoop(t, Options{})
	done := make(chan error, 10)
	h := &hooks{receive: func(c *Conn, data []byte, found bool) error {
		answer := "<" + string(data) + ">"
		resume := c.Suspend()
		go func() { done <- resume(func(c *Conn) { c.PushString(answer) }) }()
		return nil
	}}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	io.WriteString(peer, "a\nb\nc\n")
	got := &bytes.Buffer{}
	poll(t, l, func() bool { readSome(peer, got); return got.Len() == 9 })
	if got.String() != "<a><b><c>" {
		t.Fatal(got)
	}
	for range 3 {
		if err := wait(t, done); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSetHandlerTakesTheNextElement(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got transcript
	second := HandlerFunc(func(c *Conn, data []byte, found bool) error { got.add("2:%s", data); return nil })
	first := HandlerFunc(func(c *Conn, data []byte, found bool) error {
		got.add("1:%s", data)
		c.SetHandler(second)
		return nil
	})
	_, peer := pair(t, l, first, func(c *Conn) { c.SetTerminator(match.LF) })
	io.WriteString(peer, "a\nb\nc\n")
	rounds(t, l, 2)
	got.is(t, "1:a", "2:b", "2:c")
}

func TestNothingIsDeliveredAfterClose(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got transcript
	h := &hooks{
		receive: func(c *Conn, data []byte, found bool) error {
			got.add("%s", data)
			c.Close()
			if err := c.Push([]byte("x")); !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
			return nil
		},
		closed: func(c *Conn, cause error) { got.add("closed %v", cause) },
	}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	io.WriteString(peer, "a\nb\nc\n")
	rounds(t, l, 3)
	got.is(t, "a", "closed <nil>")
}

// A connection begins without a terminator. An error of Receive is the cause.
func TestCauses(t *testing.T) {
	oops := errors.New("oops")
	l := newTestLoop(t, Options{})
	var cause error
	h := &hooks{
		receive: func(c *Conn, data []byte, found bool) error { return fmt.Errorf("wrapped: %w", oops) },
		closed:  func(c *Conn, err error) { cause = err },
	}
	_, peer := pair(t, l, h, nil)
	io.WriteString(peer, "a")
	poll(t, l, func() bool { return cause != nil })
	if !errors.Is(cause, oops) {
		t.Fatal(cause)
	}
}

func TestIdleConnectionOwnsNoBuffer(t *testing.T) {
	l := newTestLoop(t, Options{})
	h := &hooks{receive: func(c *Conn, data []byte, found bool) error { return c.Push(data) }}
	base := l.Stats()
	var conns []*Conn
	for i := range 20 {
		c, peer := pair(t, l, h, func(c *Conn) {
			c.SetTerminator(match.CRLF)
			c.SetDelivery(Delivery(i % 2))
		})
		conns = append(conns, c)
		io.WriteString(peer, "part")
		rounds(t, l, 1)
		io.WriteString(peer, "ial\r\nnext\r\n")
		rounds(t, l, 2)
	}
	for _, c := range conns {
		if c.in != nil || c.out != nil || c.rare != nil {
			t.Fatalf("an idle connection has in %v out %v rare %v", c.in, c.out, c.rare)
		}
	}
	if s := l.Stats(); s.BlockBytes != base.BlockBytes || s.RingBytes != base.RingBytes {
		t.Fatalf("idle connections hold %d bytes of blocks, %d of rings more", s.BlockBytes-base.BlockBytes, s.RingBytes-base.RingBytes)
	}
}

// readSome moves what peer has into buf, without waiting long.
func readSome(peer *os.File, buf *bytes.Buffer) {
	peer.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	var p [64 << 10]byte
	for {
		n, err := peer.Read(p[:])
		buf.Write(p[:n])
		if err != nil {
			return
		}
	}
}

func closeWrite(t *testing.T, peer *os.File) {
	t.Helper()
	raw, err := peer.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = shutdownWrite(int(fd)) })
	if err != nil {
		t.Fatal(err)
	}
}

// An unfinished element behind many that were found ahead has the same limit as any other: it is too long before its end
// has come.
func TestUnfinishedOversize(t *testing.T) {
	x := newCutter(t, Options{MaxElement: 300})
	stream := append(bytes.Repeat([]byte("ab\r\n"), 50), bytes.Repeat([]byte("x"), 310)...)
	steps := []step{{term: match.CRLF}}
	want := naive(string(stream), steps, 300)
	got := x.run([][]byte{stream}, steps)
	if len(got) != len(want) || got[50] != want[50] {
		t.Errorf("%d elements, the last %.20q, want %d, %.20q", len(got), got[len(got)-1].data, len(want), want[50].data)
	}
}

// So it is while the peer sends no more.
func TestUnfinishedOversizeOpen(t *testing.T) {
	l := newTestLoop(t, Options{MaxElement: 300})
	var cause error
	h := &hooks{closed: func(_ *Conn, err error) { cause = err }}
	c, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	if _, err := peer.Write(append(bytes.Repeat([]byte("ab\r\n"), 50), bytes.Repeat([]byte("x"), 310)...)); err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 5)
	if !errors.Is(cause, ErrElementTooLong) {
		t.Errorf("cause %v with %v", cause, c)
	}
}
