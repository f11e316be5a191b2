//go:build linux

package loop

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

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
		b.Run(bench.name, func(b *testing.B) { benchmarkLine(b, bench.handler) })
	}
}

func benchmarkLine(b *testing.B, h HandlerFunc) {
	const lines = 128 // of a read
	window := bytes.Repeat([]byte("0123456789abcdef0123456789abcd\r\n"), lines)
	l := newTestLoop(b, Options{})
	c, _ := pair(b, l, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
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
		b.Fatalf("%d lines, want %d", got, reads*lines)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(reads*lines), "ns/line")
	b.ReportMetric(0, "ns/op")
}
