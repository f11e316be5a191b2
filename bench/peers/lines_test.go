package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// oddLines has every kind of line: with something, empty, with lone CR and LF in every place.
const oddLines = "ab\r\n\r\nc\rd\ne\r\r\n\n\r\n\r\r\n\n\n\r\nf\r\n"

func TestLine(t *testing.T) {
	forEach(t, modeLine, func(t *testing.T, s *server) {
		c := s.dial(t)
		atEveryCut(t, c, []byte(oddLines), func() { expect(t, c, []byte(oddLines)) })
		lineAnsweredAtOnce(t, c)
		lineByBytes(t, c)
		manyLines(t, c)
		longLines(t, c)
		lineStream(t, s)
		twoClients(t, s, func(i int) string {
			return fmt.Sprintf("line %d\r\n", i)
		}, func(c *client, line string) {
			expect(t, c, []byte(line))
		})
	})
}

// lineAnsweredAtOnce demands the answer to a whole line though half a line follows.
func lineAnsweredAtOnce(t *testing.T, c *client) {
	t.Helper()
	write(t, c, []byte("whole\r\nha"))
	expect(t, c, []byte("whole\r\n"))
	write(t, c, []byte("lf\r"))
	time.Sleep(time.Millisecond)
	write(t, c, []byte("\n"))
	expect(t, c, []byte("half\r\n"))
}

func lineByBytes(t *testing.T, c *client) {
	t.Helper()
	for i := range oddLines {
		write(t, c, []byte(oddLines[i:i+1]))
	}
	expect(t, c, []byte(oddLines))
}

// manyLines writes 1,000 lines at once.
func manyLines(t *testing.T, c *client) {
	t.Helper()
	var b bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&b, "%d%s\r\n", i, strings.Repeat("x", i%200))
	}
	write(t, c, b.Bytes())
	expect(t, c, b.Bytes())
}

// longLines writes lines as long as they may be, at once and in pieces.
func longLines(t *testing.T, c *client) {
	t.Helper()
	long := append(bytes.Repeat([]byte("0123456789abcde\n"), 4<<10), "\r\n"...)
	write(t, c, long)
	expect(t, c, long)
	for piece := range bytes.SplitAfterSeq(long, []byte("\n")) {
		write(t, c, piece)
	}
	expect(t, c, long)
	write(t, c, bytes.Repeat(long, 3))
	expect(t, c, bytes.Repeat(long, 3))
}

// lineStream writes more lines at once than there is room for on the way to the server and back.
func lineStream(t *testing.T, s *server) {
	t.Helper()
	c := s.dial(t)
	data := bytes.Repeat([]byte(strings.Repeat("x", 998)+"\r\n"), streamSize/1000)
	stream(t, c, data, func() { expect(t, c, data) })
}

// TestLines cuts lines in every place, in one and in two.
func TestLines(t *testing.T) {
	for i := range len(oddLines) + 1 {
		for j := i; j <= len(oddLines); j++ {
			pieces := []string{oddLines[:i], oddLines[i:j], oddLines[j:]}
			one, last := byOne(&lines{}, pieces...)
			if one != oddLines || last {
				t.Fatalf("%q, one by one: %q, last %t", pieces, one, last)
			}
			all, last := byBatch(&lines{}, pieces...)
			if all != oddLines || last {
				t.Fatalf("%q, at once: %q, last %t", pieces, all, last)
			}
		}
	}
}

// TestLineBound demands that what may become a line is waited for, and what cannot is not.
func TestLineBound(t *testing.T) {
	x := strings.Repeat("x", 64<<10)
	if _, taken, last := (&lines{}).next([]byte(x + "\r")); taken != 0 || last {
		t.Errorf("64 KiB: %d taken, last %t", taken, last)
	}
	if _, taken, last := (&lines{}).next([]byte(x + "\r\n")); taken != len(x)+2 || last {
		t.Errorf("a line of 64 KiB: %d taken, last %t", taken, last)
	}
	if _, taken, last := (&lines{}).next([]byte(x + "xx")); taken != 0 || !last {
		t.Errorf("more: %d taken, last %t", taken, last)
	}
}
