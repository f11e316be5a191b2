//go:build linux

package loop

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// When the line "go" comes, what follows is relayed, n bytes of it; delivery goes on behind them.
func TestRelay(t *testing.T) {
	for _, tc := range []struct {
		name string
		n    int
	}{{"none", 0}, {"all in the first read", 5}, {"all but", 100}, {"long", 3 << 20}, {"to the end", -1}} {
		t.Run(tc.name, func(t *testing.T) {
			l := newTestLoop(t, Options{})
			var got transcript
			var moved int64 = -1
			var doneErr error
			dst, out := pair(t, l, &hooks{}, nil)
			_, in := pair(t, l, &hooks{
				receive: func(c *Conn, data []byte, found bool) error {
					got.add("%s", data)
					if string(data) == "go" {
						dst.PushString("<")
						if err := c.Relay(dst, int64(tc.n), func(n int64, err error) { moved, doneErr = n, err }); err != nil {
							t.Error(err)
						}
						if tc.n != 0 {
							if err := c.Relay(dst, 1, nil); !errors.Is(err, ErrOption) {
								t.Error(err)
							}
						}
						dst.PushString(">")
					}
					return nil
				},
				closed: func(c *Conn, cause error) { got.add("closed %v", cause) },
			}, func(c *Conn) { c.SetTerminator(match.LF) })
			size := tc.n
			if size < 0 {
				size = 1 << 20
			}
			body := make([]byte, size)
			for i := range body {
				body[i] = byte(rand.Uint32())
			}
			stream := append([]byte("first\ngo\n"), body...)
			if tc.n >= 0 {
				stream = append(stream, "after\n"...)
			}
			sent, ended := 0, false
			back := &bytes.Buffer{}
			poll(t, l, func() bool {
				in.SetWriteDeadline(soon())
				n, _ := in.Write(stream[sent:])
				if sent += n; sent == len(stream) && !ended {
					ended = true
					closeWrite(t, in)
				}
				readSome(out, back)
				return moved >= 0 && len(got) > 0 && got[len(got)-1] == "closed EOF"
			})
			readSome(out, back)
			if back.String() != "<"+string(body)+">" {
				t.Fatalf("%d bytes came, want %d", back.Len(), len(body)+2)
			}
			if moved != int64(len(body)) || doneErr != nil {
				t.Fatalf("done says %d, %v", moved, doneErr)
			}
			if tc.n >= 0 {
				got.is(t, "first", "go", "after", "closed EOF")
			} else {
				got.is(t, "first", "go", "closed EOF")
			}
			dst.Close()
			rounds(t, l, 2)
		})
	}
}

// A destination that takes nothing stops the reading of the source: the pipe bounds what is held.
func TestRelayToASlowPeer(t *testing.T) {
	l := newTestLoop(t, Options{})
	dst, out := pair(t, l, &hooks{}, nil)
	src, in := pair(t, l, &hooks{}, nil)
	finished := false
	src.Relay(dst, -1, func(int64, error) { finished = true })
	sent, idle := 0, 0
	chunk := make([]byte, 64<<10)
	for idle < 5 {
		in.SetWriteDeadline(soon())
		n, _ := in.Write(chunk)
		sent += n
		if idle++; n > 0 {
			idle = 0
		}
		rounds(t, l, 3)
	}
	if !src.rare.relay.full || src.events != 0 {
		t.Fatalf("the source is read although nothing leaves: interest %#x", src.events)
	}
	if sent > 8<<20 {
		t.Fatalf("%d bytes were taken for nobody", sent)
	}
	closeWrite(t, in)
	back := &bytes.Buffer{}
	poll(t, l, func() bool { readSome(out, back); return finished })
	readSome(out, back)
	if back.Len() != sent {
		t.Fatalf("%d bytes of %d", back.Len(), sent)
	}
}

// Whichever side closes early, the other closes with that as its cause, and done is told once.
func TestRelayCutShort(t *testing.T) {
	oops := errors.New("oops")
	for _, tc := range []struct {
		name string
		cut  func(src, dst *Conn, in, out io.Closer)
		want error
	}{
		{"the source's peer ends", func(src, dst *Conn, in, out io.Closer) { in.Close() }, io.ErrUnexpectedEOF},
		{"the source closes", func(src, dst *Conn, in, out io.Closer) { src.CloseCause(oops) }, oops},
		{"the source closes when done", func(src, dst *Conn, in, out io.Closer) { src.CloseWhenDone() }, ErrClosed},
		{"the destination closes", func(src, dst *Conn, in, out io.Closer) { dst.CloseCause(oops) }, oops},
		{"the destination's peer goes", func(src, dst *Conn, in, out io.Closer) {
			out.Close()
			src.loop.enter(dst)
			dst.settle()
			src.loop.leave()
		}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newTestLoop(t, Options{})
			var srcCause, dstCause error
			closedN, doneN := 0, 0
			var doneErr error
			dst, out := pair(t, l, &hooks{closed: func(c *Conn, err error) { dstCause = err; closedN++ }}, nil)
			src, in := pair(t, l, &hooks{closed: func(c *Conn, err error) { srcCause = err; closedN++ }}, nil)
			src.Relay(dst, 1<<30, func(_ int64, err error) { doneErr = err; doneN++ })
			in.Write(make([]byte, 1000))
			rounds(t, l, 3)
			tc.cut(src, dst, in, out)
			in.Write(make([]byte, 1000))
			poll(t, l, func() bool {
				in.Close()
				out.Close()
				return closedN == 2
			})
			if doneN != 1 || doneErr == nil {
				t.Fatalf("done was called %d times, with %v", doneN, doneErr)
			}
			if tc.want != nil && !errors.Is(doneErr, tc.want) {
				t.Fatalf("done says %v; the causes are %v and %v", doneErr, srcCause, dstCause)
			}
		})
	}
}

func TestRelayArguments(t *testing.T) {
	l, other := newTestLoop(t, Options{}), newTestLoop(t, Options{})
	a, _ := pair(t, l, &hooks{}, nil)
	b, _ := pair(t, l, &hooks{}, nil)
	far, _ := pair(t, other, &hooks{}, nil)
	if err := a.Relay(far, 1, nil); !errors.Is(err, ErrOption) {
		t.Fatal(err)
	}
	b.CloseWrite()
	if err := a.Relay(b, 1, nil); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	calls := *l.calls
	calls.Pipe = func(*[2]int) error { return unix.EMFILE }
	l.calls = &calls
	c, _ := pair(t, l, &hooks{}, nil)
	if err := a.Relay(c, 1, nil); !errors.Is(err, unix.EMFILE) || a.state&relaying != 0 {
		t.Fatal(err)
	}
}
