//go:build linux

package loop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/producer"
)

// chatServer reads until a client says QUIT, waits for resend if that is not nil, sends what it has read
// back in chunks of so many bytes, and closes. It returns its address, and what it has read.
func chatServer(t *testing.T, chunk int, resend <-chan struct{}) (addr string, got <-chan string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	all := make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer ln.Close()
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		var data []byte
		for p := make([]byte, 10); !bytes.HasSuffix(data, []byte("QUIT\n")); {
			n, err := nc.Read(p)
			if err != nil {
				break
			}
			data = append(data, p[:n]...)
		}
		data = bytes.TrimSuffix(data, []byte("QUIT\n"))
		all <- string(data)
		if resend != nil {
			<-resend
		}
		for len(data) > 0 {
			n, err := nc.Write(data[:min(chunk, len(data))])
			if err != nil {
				return
			}
			data = data[n:]
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return ln.Addr().String(), all
}

// chatClient collects as asynchat's test does: pieces, until found joins them to an element.
type chatClient struct {
	elements  transcript
	collected []byte // since the last element
	closed    bool
	say       func(c *Conn) error
}

func (x *chatClient) Opened(c *Conn) error {
	if err := x.say(c); err != nil {
		return err
	}
	return c.PushString("QUIT\n")
}

func (x *chatClient) Receive(c *Conn, data []byte, found bool) error {
	x.collected = append(x.collected, data...)
	if found {
		x.elements.add("%s", x.collected)
		x.collected = nil
	}
	return nil
}

func (x *chatClient) Closed(*Conn, error) { x.closed = true }

// chat has a client say something to a server that answers in chunks, and runs until the connection closes.
func chat(t *testing.T, term match.Terminator, chunk int, say func(c *Conn) error, check func(t *testing.T, x *chatClient)) {
	t.Helper()
	for _, delivery := range []Delivery{Whole, Pieces} {
		overBoth(t, func(t *testing.T, d driver) {
			addr, _ := chatServer(t, chunk, nil)
			x := chatClient{say: say}
			if err := d.l.Dial("tcp", addr, func(c *Conn) Handler {
				c.SetDelivery(delivery)
				c.SetTerminator(term)
				return &x
			}); err != nil {
				t.Fatal(err)
			}
			d.until("closed", func() bool { return x.closed })
			d.do(func() { check(t, &x) })
		})
	}
}

func elements(want ...string) func(t *testing.T, x *chatClient) {
	return func(t *testing.T, x *chatClient) { t.Helper(); x.elements.is(t, want...) }
}

// AC-1: line terminators of one, two and three bytes, answers by 1, 2 and 3.
func TestAC1LineTerminators(t *testing.T) {
	for _, term := range []string{"\n", "\r\n", "qqq"} {
		for chunk := 1; chunk <= 3; chunk++ {
			t.Run(fmt.Sprintf("%q by %d", term, chunk), func(t *testing.T) {
				chat(t, lit(term), chunk, func(c *Conn) error {
					return errors.Join(c.PushString("hello "), c.PushString("world"+term), c.PushString("I'm not dead yet!"+term))
				}, elements("hello world", "I'm not dead yet!"))
			})
		}
	}
}

// AC-2: a count, after which everything is collected.
func TestAC2Counts(t *testing.T) {
	const data = "hello world, I'm not dead yet!\n"
	for _, n := range []int64{1, 6} {
		chat(t, count(n), 100, func(c *Conn) error { return c.PushString(data) }, func(t *testing.T, x *chatClient) {
			x.elements.is(t, data[:n])
			if string(x.collected) != data[n:] {
				t.Errorf("then %q", x.collected)
			}
		})
	}
}

// AC-3: no terminator.
func TestAC3None(t *testing.T) {
	const data = "hello world, I'm not dead yet!\n"
	chat(t, match.None, 100, func(c *Conn) error { return c.PushString(data) }, func(t *testing.T, x *chatClient) {
		if x.elements.is(t); string(x.collected) != data {
			t.Errorf("collected %q", x.collected)
		}
	})
}

// AC-4 and AC-5: a simple producer of chunks of 8, and one that gives its bytes at once.
func TestAC4And5Producers(t *testing.T) {
	for name, chunk := range map[string]int{"AC-4": 8, "AC-5": 1000} {
		t.Run(name, func(t *testing.T) {
			chat(t, match.LF, 100, func(c *Conn) error {
				p, err := producer.Bytes([]byte("hello world\nI'm not dead yet!\n"), chunk)
				if err != nil {
					return err
				}
				return c.PushProducer(p)
			}, elements("hello world", "I'm not dead yet!"))
		})
	}
}

// AC-6: an empty line.
func TestAC6EmptyLine(t *testing.T) {
	chat(t, match.LF, 100, func(c *Conn) error { return c.PushString("hello world\n\nI'm not dead yet!\n") },
		elements("hello world", "", "I'm not dead yet!"))
}

// AC-7: what is pushed before CloseWhenDone arrives; what comes back later is not delivered.
func TestAC7CloseWhenDone(t *testing.T) {
	overBoth(t, func(t *testing.T, d driver) {
		resend := make(chan struct{})
		addr, got := chatServer(t, 1, resend)
		x := chatClient{say: func(c *Conn) error {
			return errors.Join(c.PushString("hello world\n"), c.PushString("I'm not dead yet!\n"))
		}}
		var conn *Conn
		if err := d.l.Dial("tcp", addr, func(c *Conn) Handler {
			conn = c
			c.SetTerminator(match.LF)
			return &x
		}); err != nil {
			t.Fatal(err)
		}
		d.until("opened", func() bool { return conn != nil && conn.state&opened != 0 })
		d.do(func() { conn.CloseWhenDone() })
		d.until("all was sent", func() bool { return conn.Queued() == 0 })
		if text := wait(t, got); text != "hello world\nI'm not dead yet!\n" {
			t.Errorf("the server got %q", text)
		}
		close(resend)
		d.until("closed", func() bool { return x.closed })
		d.do(func() {
			if x.elements.is(t); len(x.collected) > 0 {
				t.Errorf("collected %q", x.collected)
			}
		})
	})
}

// AC-8: three pushes of the same bytes, in each form that bytes are pushed in.
func TestAC8Buffers(t *testing.T) {
	array := [...]byte{'b', 'y', 't', 'e', 's', '\n'}
	chat(t, match.LF, 100, func(c *Conn) error {
		return errors.Join(c.Push([]byte("bytes\n")), c.PushString("bytes\n"), c.PushOwned(array[:], nil))
	}, elements("bytes", "bytes", "bytes"))
}

// AC-10: a read that says EAGAIN is no event at all.
func TestAC10WouldBlock(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got transcript
	c, peer := pair(t, l, &hooks{
		receive: func(_ *Conn, data []byte, _ bool) error { got.add("%s", data); return nil },
		closed:  func(_ *Conn, cause error) { got.add("closed %v", cause) },
	}, func(c *Conn) { c.SetDelivery(Pieces) })
	var rec recorder
	r, w := socketPair(t)
	if _, err := l.AddOwned(r, &rec); err != nil {
		t.Fatal(err)
	}
	calls, real, refused := *l.calls, l.calls.Read, 0
	calls.Read = func(fd int, p []byte) (int, syscall.Errno) {
		if refused < 6 {
			refused++
			return 0, unix.EAGAIN
		}
		return real(fd, p)
	}
	l.calls = &calls
	io.WriteString(peer, "x")
	unix.Write(w, []byte("y"))
	poll(t, l, func() bool { return len(got) > 0 && len(rec.events) > 0 })
	got.is(t, "x")
	rec.events.is(t, "read")
	if refused != 6 || string(rec.data) != "y" {
		t.Errorf("%d reads were refused, then %q", refused, rec.data)
	}
	c.Close()
}

// socketPair returns two descriptors, the second of which is closed with the test.
func socketPair(t *testing.T) (own, peer int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[1]) })
	return fds[0], fds[1]
}

// AC-11: find_prefix_at_end.
func TestAC11PrefixAtEnd(t *testing.T) {
	for _, tt := range []struct {
		data, literal string
		want          int
	}{{"qwerty\r", "\r\n", 1}, {"qwertydkjf", "\r\n", 0}, {"a\r\n.\r", "\r\n.\r\n", 4}, {"aab", "aabaa", 3}, {"qwerty", "y", 0}} {
		if got := match.PrefixAtEnd([]byte(tt.data), []byte(tt.literal)); got != tt.want {
			t.Errorf("%q, %q: %d, want %d", tt.data, tt.literal, got, tt.want)
		}
	}
}

// AC-12: a negative count is refused.
func TestAC12NegativeCount(t *testing.T) {
	if _, err := match.Count(-1); err == nil {
		t.Error("a count of -1 was made")
	}
}

// A false alarm releases what was held back, in one piece with what follows.
func TestFalseAlarm(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got transcript
	_, peer := pair(t, l, HandlerFunc(func(_ *Conn, data []byte, found bool) error {
		got.add("%s %v", data, found)
		return nil
	}), func(c *Conn) { c.SetDelivery(Pieces); c.SetTerminator(match.CRLF) })
	io.WriteString(peer, "ab\r")
	poll(t, l, func() bool { return len(got) == 1 })
	io.WriteString(peer, "xcd")
	poll(t, l, func() bool { return strings.HasSuffix(strings.Join(got, ""), "cd false") })
	var all string
	for _, piece := range got {
		all += strings.TrimSuffix(piece, " false")
	}
	if all != "ab\rxcd" || got[0] != "ab false" {
		t.Errorf("%q", got)
	}
}
