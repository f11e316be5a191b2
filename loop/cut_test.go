//go:build linux

package loop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/millrace-net/millrace/match"
)

// script is what a handler does at the end of each element, in a cycle.
type step struct {
	term     match.Terminator
	delivery Delivery
	pause    bool
}

// element is what a handler saw of one element, whatever the pieces it came in.
type element struct {
	data  string
	found bool
}

// naive cuts stream as the steps say, looking for each terminator at each place.
func naive(stream string, steps []step, maxElement int) (got []element) {
	for i := 0; ; i++ {
		s := steps[i%len(steps)]
		end, size := len(stream), -1
		switch s.term.Kind() {
		case match.KindCount:
			if n := int(s.term.Count()); n <= len(stream) {
				end, size = n, 0
			}
		case match.KindLiteral:
			if at := strings.Index(stream, string(s.term.Bytes())); at >= 0 {
				end, size = at+s.term.MaxLen(), s.term.MaxLen()
			}
		}
		if size < 0 {
			if s.delivery == Whole && s.term.Kind() != match.KindNone {
				if tooLong(stream, s.term, maxElement) {
					return append(got, element{"too long", false})
				}
			}
			if stream != "" {
				got = append(got, element{stream, false})
			}
			return got
		}
		if s.delivery == Whole && end-size > maxElement {
			return append(got, element{"too long", false})
		}
		got = append(got, element{stream[:end-size], true})
		stream = stream[end:]
	}
}

// tooLong tells whether an unfinished element is: what a terminator may still take back does not count.
func tooLong(stream string, term match.Terminator, maxElement int) bool {
	if term.Kind() == match.KindCount {
		return int(term.Count()) > maxElement && stream != ""
	}
	held := 0
	for n := 1; n < term.MaxLen() && n <= len(stream); n++ {
		if strings.HasSuffix(stream, string(term.Bytes()[:n])) {
			held = n
		}
	}
	return len(stream)-held > maxElement
}

// cutter feeds a connection through the seam, without a kernel.
type cutter struct {
	l    *Loop
	feed [][]byte
	got  []element
	part []byte
	at   int
}

func newCutter(t testing.TB, o Options) *cutter {
	x := &cutter{l: newTestLoop(t, o)}
	calls := *x.l.calls
	calls.Read = func(fd int, p []byte) (int, syscall.Errno) {
		if len(x.feed) == 0 {
			return 0, 0
		}
		n := copy(p, x.feed[0])
		if x.feed[0] = x.feed[0][n:]; len(x.feed[0]) == 0 {
			x.feed = x.feed[1:]
		}
		return n, 0
	}
	calls.Shutdown = func(int, int) error { return nil }
	x.l.calls = &calls
	return x
}

// run delivers the chunks and returns what the handler saw.
func (x *cutter) run(chunks [][]byte, steps []step) []element {
	x.feed, x.got, x.part, x.at = chunks, nil, nil, 0
	c := &Conn{loop: x.l, fd: -1} // not opened: epoll does not know it
	c.timer.Expired = connExpired
	x.l.conns.Add(1)
	x.l.register(c)
	apply := func() {
		s := steps[x.at%len(steps)]
		x.at++
		c.SetTerminator(s.term)
		c.SetDelivery(s.delivery)
		if s.pause && x.at > 1 {
			c.Pause()
		}
	}
	c.handler = &halfCloser{hooks{readClosed: func(*Conn) error { return nil }, receive: func(c *Conn, data []byte, found bool) error {
		x.part = append(x.part, data...)
		x.spare(data, steps[(x.at-1)%len(steps)].term, found)
		if found {
			x.end(true)
			apply()
		}
		return nil
	}}}
	apply()
	for c.state&(readClosed|closed) == 0 {
		x.l.enter(c)
		c.readable()
		for c.state&paused != 0 && c.state&closed == 0 {
			c.state &^= paused
			c.work()
		}
		if err := c.check(); err != nil && c.state&closed == 0 {
			panic(err)
		}
	}
	if len(x.part) > 0 {
		x.end(false)
	}
	if c.cause != nil {
		x.got = append(x.got, element{"too long", false})
	}
	c.dropHold()
	if c.state&closed == 0 {
		c.close(nil)
	}
	x.l.pending = x.l.pending[:0]
	x.l.graves = x.l.graves[:0]
	x.l.leave()
	return x.got
}

// spare looks at what is between the length and the capacity of data: the terminator that was found, which nobody reads
// again, so that it can be written over.
func (x *cutter) spare(data []byte, term match.Terminator, found bool) {
	spare, want := data[len(data):cap(data)], ""
	if found && term.Kind() == match.KindLiteral {
		want = string(term.Bytes())
	}
	if string(spare) != want {
		x.got = append(x.got, element{fmt.Sprintf("%q behind %q", spare, data), found})
	}
	for i := range spare {
		spare[i] = '\r'
	}
}

func (x *cutter) end(found bool) {
	x.got = append(x.got, element{string(x.part), found})
	x.part = x.part[:0]
}

func lit(s string) match.Terminator { return match.MustLiteral(s) }

func count(n int64) match.Terminator {
	t, err := match.Count(n)
	if err != nil {
		panic(err)
	}
	return t
}

var cutScripts = map[string][]step{
	"crlf whole":  {{term: match.CRLF}},
	"crlf pieces": {{term: match.CRLF, delivery: Pieces}},
	"aab":         {{term: lit("aab")}, {term: lit("aab"), delivery: Pieces}},
	"abab":        {{term: lit("abab"), delivery: Pieces}, {term: lit("ba")}},
	"count":       {{term: count(2)}, {term: match.CRLF}, {term: count(3), delivery: Pieces}},
	"switching": {{term: match.CRLF}, {term: count(1), delivery: Pieces}, {term: lit("b"), pause: true},
		{term: match.CRLFCRLF, delivery: Pieces}, {term: lit("\n")}},
	"pausing": {{term: match.CRLF, pause: true}, {term: lit("a"), delivery: Pieces, pause: true}},
	"none":    {{term: match.CRLF}, {term: match.None}},
}

// TestEverySplit delivers short streams of terminator bytes cut in every way.
func TestEverySplit(t *testing.T) {
	x := newCutter(t, Options{MaxElement: 4})
	const alphabet, length = "\r\nab", 5
	for name, steps := range cutScripts {
		stream := make([]byte, length)
		for code := range 1 << (2 * length) {
			for i := range stream {
				stream[i] = alphabet[code>>(2*i)&3]
			}
			want := naive(string(stream), steps, 4)
			for cuts := range 1 << (length - 1) {
				checkCut(t, x, name, steps, stream, cutAt(stream, uint64(cuts)), want)
			}
		}
	}
}

// TestLongRandomSplits delivers long streams, whose elements outgrow a block and move to a ring.
func TestLongRandomSplits(t *testing.T) {
	const limit = 40 << 10
	x := newCutter(t, Options{MaxElement: limit, RingBytes: 8 << 10})
	rng := rand.New(rand.NewPCG(7, 7))
	for round := range 6 {
		var stream []byte
		for len(stream) < 150<<10 {
			n := rng.IntN(200)
			if rng.IntN(10) == 0 {
				n = rng.IntN(limit + limit/8)
			}
			stream = append(stream, bytes.Repeat([]byte("ab\r\nab\rb")[:1+rng.IntN(8)], n/4)...)
			stream = append(stream, "\r\n\r\n"[:2+2*rng.IntN(2)]...)
		}
		for name, steps := range cutScripts {
			var chunks [][]byte
			for rest := stream; len(rest) > 0; {
				n := min(1+rng.IntN(1<<rng.IntN(15)), len(rest))
				chunks = append(chunks, rest[:n])
				rest = rest[n:]
			}
			checkCut(t, x, fmt.Sprintf("%s round %d", name, round), steps, nil, chunks, naive(string(stream), steps, limit))
		}
	}
	if err := x.l.check(); err != nil {
		t.Fatal(err)
	}
}

func cutAt(stream []byte, cuts uint64) (chunks [][]byte) {
	from := 0
	for i := 1; i <= len(stream); i++ {
		if i == len(stream) || cuts>>(i-1)&1 == 1 {
			chunks = append(chunks, stream[from:i])
			from = i
		}
	}
	return chunks
}

func checkCut(t *testing.T, x *cutter, name string, steps []step, stream []byte, chunks [][]byte, want []element) {
	t.Helper()
	shown := fmt.Sprintf("%q", chunks)
	got := x.run(chunks, steps)
	if fmt.Sprint(got) == fmt.Sprint(want) {
		return
	}
	if stream == nil {
		shown = fmt.Sprintf("%d chunks", len(chunks))
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("%s: %s: element %d:\ngot  %.80q %t\nwant %.80q %t", name, shown, i, got[i].data, got[i].found, want[i].data, want[i].found)
		}
	}
	t.Fatalf("%s: %s: %d elements, want %d\ngot  %.300s\nwant %.300s", name, shown, len(got), len(want), fmt.Sprint(got), fmt.Sprint(want))
}
