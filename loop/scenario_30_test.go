//go:build linux

package loop

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// secret is what a connection that panics has in its buffers.
const secret = "this is nobody else's"

// Scenario 30: a panic in every callback, with bytes held, staged and queued. That connection closes with the panic
// as its cause, its Failer is told once, and neighbours, before and after it, see none of its bytes.
func TestScenario30PanicInEveryCallback(t *testing.T) {
	for _, where := range append([]string{"failed"}, callbacks...) {
		t.Run(where, func(t *testing.T) {
			boom := errors.New("boom in " + where)
			e := newOmnipresent(t, where, func(_ *omnipresent, c *Conn) {
				_ = c.PushString(secret)
				panic(boom)
			})
			if where == "failed" { // which is called after another panic only
				e.breaks = "receive"
			}
			neighbour, ends := neighbourOf(t, e.loop)
			e.live()
			if n := e.loop.Stats().Panics; n != 1 || e.ran[where] == 0 {
				t.Errorf("%d panics, and these came by: %v", n, e.ran)
			}
			e.checkCause(where, boom)
			if where != "quit" {
				neighbour(strings.Repeat("after\n", 10_000))
				stillEchoes(t, e.loop)
			}
			if n := len(*ends); n != 0 && where != "quit" {
				t.Errorf("the neighbour is closed: %v", *ends)
			}
		})
	}
}

// Scenario 30, a second panic: while the connection is given up for the first, another callback of it panics. Each is
// dealt with; Failed is told of the first alone.
func TestScenario30PanicAfterAPanic(t *testing.T) {
	for _, second := range []string{"done", "closed"} {
		t.Run(second, func(t *testing.T) {
			boom := errors.New("boom")
			e := newOmnipresent(t, "receive", func(*omnipresent, *Conn) { panic(boom) })
			e.breaks = second
			e.live()
			if n := e.loop.Stats().Panics; n != 2 || len(e.failed) != 1 || e.failed[0] != any(boom) || e.ran["closed"] != 1 {
				t.Errorf("%d panics, Failed was told %v, and these came by: %v", n, e.failed, e.ran)
			}
			if !errors.Is(e.cause, boom) {
				t.Errorf("cause %v", e.cause)
			}
			stillEchoes(t, e.loop)
		})
	}
}

// checkCause sees that the connection has ended for a panic in where, and was told so, as far as it can be.
func (e *omnipresent) checkCause(where string, boom error) {
	t := e.t
	t.Helper()
	switch where {
	case "factory": // there is no handler yet
		if e.ran["closed"] != 0 || len(e.failed) != 0 {
			t.Errorf("a connection without a handler: %v", e.ran)
		}
		return
	case "closed", "timer": // it has had its cause; and a timer is nobody's
		if e.ran["closed"] != 1 || e.cause != nil {
			t.Errorf("cause %v, %v", e.cause, e.ran)
		}
		return
	case "failed":
		if e.ran["closed"] != 1 || e.ran["failed"] != 1 || !errors.Is(e.cause, ErrPanic) || errors.Is(e.cause, boom) {
			t.Errorf("cause %v, %v", e.cause, e.ran)
		}
		return
	}
	var p *PanicError
	if e.ran["closed"] != 1 || !errors.As(e.cause, &p) || !errors.Is(e.cause, boom) || !errors.Is(e.cause, ErrPanic) {
		t.Fatalf("cause %v, %v", e.cause, e.ran)
	}
	if !bytes.Contains(p.Stack, []byte("omnipresent")) {
		t.Errorf("the stack does not say where: %s", p.Stack)
	}
	if len(e.failed) != 1 || e.failed[0] != any(boom) {
		t.Errorf("Failed was told %v", e.failed)
	}
}

// neighbourOf is a connection that sees that it gets its own bytes back, and how it ends.
func neighbourOf(t *testing.T, l *Loop) (echo func(lines string), ends *[]error) {
	ends = &[]error{}
	h := &hooks{
		receive: func(c *Conn, line []byte, _ bool) error {
			if bytes.Contains(line, []byte(secret)) {
				t.Errorf("a neighbour receives %q", line)
			}
			return c.Push(append(bytes.Clone(line), '\n'))
		},
		closed: func(_ *Conn, cause error) { *ends = append(*ends, cause) },
	}
	_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
	echo = func(lines string) {
		t.Helper()
		got := &bytes.Buffer{}
		for rest := lines; rest != ""; {
			n, _ := peer.Write([]byte(rest[:min(len(rest), 10_000)]))
			rest = rest[n:]
			rounds(t, l, 1)
			readSome(peer, got)
		}
		poll(t, l, func() bool { readSome(peer, got); return got.Len() >= len(lines) })
		if got.String() != lines {
			t.Errorf("a neighbour gets %.100q", got)
		}
	}
	return echo, ends
}

// Scenario 30, buffers: a connection panics amid an element of which much is held, in a block and in a ring of its
// own. The next to use that memory sees its own bytes only.
func TestScenario30BuffersAreNotReusedDirty(t *testing.T) {
	for _, held := range []int{10, 3000, 200_000} {
		l := newTestLoop(t, Options{MaxElement: 1 << 20})
		closed := false
		h := &hooks{
			receive: func(c *Conn, _ []byte, _ bool) error {
				c.Pause()
				return c.Post(func(c *Conn) {
					_ = c.PushString(secret)
					_ = c.PushOwned([]byte(secret), nil)
					panic("boom")
				})
			},
			closed: func(*Conn, error) { closed = true },
		}
		_, peer := pair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
		sendAll(t, l, peer, "go\n"+strings.Repeat(secret, held/len(secret)+1))
		poll(t, l, func() bool { return closed })
		if got, err := io.ReadAll(peer); len(got) > 0 && err == nil && string(got) != secret {
			t.Errorf("%q came of what was dropped", got)
		}
		if s := l.Stats(); s.BlockBytes != 0 {
			t.Errorf("%d bytes of blocks are not given back", s.BlockBytes)
		}
		neighbour, ends := neighbourOf(t, l)
		neighbour(strings.Repeat("clean", held/5+1) + "\n" + strings.Repeat("c\n", 5000))
		if len(*ends) != 0 {
			t.Errorf("the neighbour has ended: %v", *ends)
		}
	}
}

// sendAll writes text while the loop turns, as far as the peer takes it.
func sendAll(t *testing.T, l *Loop, peer *os.File, text string) {
	t.Helper()
	raw, err := peer.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for rest := []byte(text); len(rest) > 0; {
		n := 0
		_ = raw.Write(func(fd uintptr) bool { n, err = unix.Write(int(fd), rest); return true })
		if n <= 0 && err != unix.EAGAIN {
			return
		}
		rest = rest[max(n, 0):]
		rounds(t, l, 1)
		if n <= 0 && l.Stats().Turns > 10_000 {
			return // it is not read any more
		}
	}
}
