//go:build linux

package resp

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestAllocations counts what a turn of the loop with a batch of commands allocates: reading, parsing, running and
// replying.
func TestAllocations(t *testing.T) {
	r := newRig(t, Config{Clock: time.Now})
	p := r.dial()
	p.do("+OK\r\n", "MSET", "k", "value", "n", "10", "old", "1", "a", "1", "b", "2")
	p.do(":1\r\n", "EXPIRE", "old", "1000")
	var buf [16 << 10]byte
	for _, c := range []struct{ name, in, out string }{
		{"PING inline", "PING\r\n", "+PONG\r\n"},
		{"PING", multibulk("PING"), "+PONG\r\n"},
		{"ECHO", multibulk("ECHO", "hello"), bulk("hello")},
		{"GET", multibulk("GET", "k"), bulk("value")},
		{"GET of a key that expires", multibulk("GET", "old"), bulk("1")},
		{"GET of no key", multibulk("GET", "none"), "$-1\r\n"},
		{"SET over the old value", multibulk("SET", "k", "value"), "+OK\r\n"},
		{"SET with options", multibulk("SET", "k", "value", "XX", "EX", "100"), "+OK\r\n"},
		{"GETSET", multibulk("GETSET", "k", "value"), bulk("value")},
		{"INCRBY", multibulk("INCRBY", "n", "0"), ":10\r\n"},
		{"MSET", multibulk("MSET", "a", "3", "b", "4"), "+OK\r\n"},
		{"MGET", multibulk("MGET", "a", "b"), "*2\r\n" + bulk("3") + bulk("4")},
		{"EXISTS", multibulk("EXISTS", "k", "n"), ":2\r\n"},
		{"PTTL", multibulk("PTTL", "n"), ":-1\r\n"},
	} {
		for _, depth := range []int{1, 100} {
			in := []byte(strings.Repeat(c.in, depth))
			out := strings.Repeat(c.out, depth)
			p.want(string(in), out) // what grows, grows now
			n := testing.AllocsPerRun(100, func() {
				if _, err := unix.Write(p.fd, in); err != nil {
					t.Fatal(err)
				}
				if err := r.loop.Poll(0); err != nil {
					t.Fatal(err)
				}
				if n, err := unix.Read(p.fd, buf[:]); err != nil || string(buf[:n]) != out {
					t.Fatalf("%s: %q, %v", c.name, buf[:max(n, 0)], err)
				}
			})
			if n != 0 {
				t.Errorf("%d × %s: %v allocations", depth, c.name, n)
			}
		}
	}

	// INCR changes the value with every run, and keeps its place.
	incr := []byte(multibulk("INCR", "n"))
	if n := testing.AllocsPerRun(100, func() {
		if _, err := unix.Write(p.fd, incr); err != nil {
			t.Fatal(err)
		}
		if err := r.loop.Poll(0); err != nil {
			t.Fatal(err)
		}
		if n, err := unix.Read(p.fd, buf[:]); err != nil || buf[0] != ':' {
			t.Fatalf("%q, %v", buf[:max(n, 0)], err)
		}
	}); n != 0 {
		t.Errorf("INCR: %v allocations", n)
	}
}
