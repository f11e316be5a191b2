//go:build linux

package loop

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// BenchmarkElement is what an element costs in this package and match where one is as long as the other: the handler drops it.
func BenchmarkElement(b *testing.B) {
	drop := func(*Conn, []byte, bool) error { return nil }
	for _, size := range []int{100, 200, 300, 500, 1000, 2000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			element := append(bytes.Repeat([]byte("Accept: text/html\r\n"), size/19), "\r\n\r\n"...)
			benchmarkElement(b, drop, match.CRLFCRLF, element, 16)
		})
	}
}

// BenchmarkLine is what a line costs in this package and match, from the return of a read to the call of a write: the
// kernel is left out.
func BenchmarkLine(b *testing.B) {
	for _, bench := range []struct {
		name    string
		handler HandlerFunc
	}{
		{"dropped", func(*Conn, []byte, bool) error { return nil }},
		{"one push", func(c *Conn, line []byte, _ bool) error { return c.Push(append(line, "\r\n"...)) }},
		{"its end too", func(c *Conn, line []byte, _ bool) error { return c.Push(line[:cap(line)]) }},
		{"two pushes", func(c *Conn, line []byte, _ bool) error {
			if err := c.Push(line); err != nil {
				return err
			}
			return c.PushString("\r\n")
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			benchmarkElement(b, bench.handler, match.CRLF, []byte("0123456789abcdef0123456789abcd\r\n"), 128)
		})
	}
}

// benchmarkElement delivers so many elements with each read.
func benchmarkElement(b *testing.B, h HandlerFunc, term match.Terminator, element []byte, lines int) {
	window := bytes.Repeat(element, lines)
	l := newTestLoop(b, Options{})
	c, _ := pair(b, l, h, func(c *Conn) { c.SetTerminator(term) })
	l.calls.Read = func(_ int, p []byte) (int, unix.Errno) { return copy(p, window), 0 }
	l.sys.Calls.Write = func(_ int, p []byte) (int, unix.Errno) { return len(p), 0 }
	before := l.Stats().Elements
	reads := 0
	for b.Loop() {
		l.enter(c)
		c.readable()
		l.leave()
		reads++
	}
	if got := l.Stats().Elements - before; got != uint64(reads*lines) {
		b.Fatalf("%d elements, want %d", got, reads*lines)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(reads*lines), "ns/element")
	b.ReportMetric(0, "ns/op")
}
