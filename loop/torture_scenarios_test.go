//go:build linux

package loop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/producer"
)

// scenario is something that programs do with a loop. It is played by one goroutine, over real sockets.
type scenario struct {
	name string
	play func(r *run)
}

var scenarios = []scenario{
	{"echo", playEcho},
	{"pieces", playPieces},
	{"slow-reader", playSlowReader},
	{"producers", playProducers},
	{"post", playPost},
	{"close-when-done", playCloseWhenDone},
	{"deaf-peer", playDeafPeer},
	{"half-close", playHalfClose},
	{"dial", playDial},
	{"reset", playReset},
	{"relay", playRelay},
	{"detach", playDetach},
	{"adopt", playAdopt},
	{"timers", playTimers},
	{"mailbox", playMailbox},
	{"listener-close", playListenerClose},
	{"crowded-close", playCrowdedClose},
	{"shutdown", playShutdown},
	{"large", playLarge},
	{"urgent", playUrgent},
	{"dispatchers", playDispatchers},
	{"datagrams", playDatagrams},
	{"packets", playPackets},
	{"pipe", playPipe},
	{"hang-up", playHangUp},
}

// lines has a connection deliver lines to receive.
func lines(c *Conn, receive func(c *Conn, line []byte, found bool) error) *hooks {
	c.SetTerminator(match.CRLF)
	return &hooks{receive: receive}
}

// echoEnded sends a line back with its end.
func echoEnded(c *Conn, line []byte, found bool) error {
	if err := c.Push(line); err != nil || !found {
		return err
	}
	return c.PushString("\r\n")
}

// Lines come whole and in parts, and go back.
func playEcho(r *run) {
	ln, ok := r.listen("tcp", "127.0.0.1:0", func(c *Conn) *hooks { return lines(c, echoEnded) })
	if !ok {
		return
	}
	r.ln = ln
	for i, chunk := range []int{0, 37} {
		text := numbered(12, 40) + strings.Repeat("x", 3000*i) + "\r\nlast, without an end"
		e := r.client(ln, text)
		e.chunk = chunk * (1 + 10*i)
		r.carry("echo", e, text, nil)
	}
	r.pump(r.settled)
}

// Pieces of elements go back as they come, with their ends.
func playPieces(r *run) {
	path := fmt.Sprintf("@millrace-torture-%d", os.Getpid())
	ln, ok := r.listen("unix", path, func(c *Conn) *hooks {
		c.SetDelivery(Pieces)
		return lines(c, echoEnded)
	})
	if !ok {
		return
	}
	text := numbered(4, 500) + "no end"
	e := r.client(ln, text)
	e.chunk = 501
	r.carry("pieces", e, text, nil)
	r.pump(r.settled)
}

// A peer reads less than it is sent: the queue fills, Drained comes, the rest is pushed.
func playSlowReader(r *run) {
	first, second := numbered(40, 1000), numbered(10, 1000)
	h, w := r.watch(&hooks{
		receive: func(c *Conn, _ []byte, _ bool) error {
			for i := 0; i < len(first); i += 2500 {
				if err := c.PushString(first[i:min(i+2500, len(first))]); err != nil {
					return err
				}
			}
			return nil
		},
		drained: func(c *Conn) error {
			if err := c.PushString(second); err != nil {
				return err
			}
			second = ""
			c.CloseWhenDone()
			return nil
		},
	})
	want := first + second
	e := r.pair(4<<10, "go\r\n", h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	e.gulp, e.stays = 4000, true
	r.carry("output", e, want, w)
	r.pump(r.settled)
}

// hidden is a reader whose type tells nothing: it is read on a goroutine of its own.
type hidden struct{ io.Reader }

// Every kind of producer, with bytes between them.
func playProducers(r *run) {
	part := func(i int) string { return fmt.Sprint(i) + string(counted(2500)) }
	pushed, done := 0, 0
	push := func(c *Conn, p producer.Producer, err error) error {
		if err == nil {
			err = c.PushProducer(p)
		}
		if closer, ok := p.(io.Closer); ok && err != nil {
			closer.Close()
		}
		return err
	}
	h, w := r.watch(&hooks{receive: func(c *Conn, _ []byte, _ bool) error {
		f, err := memoryFile(part(2))
		if err != nil {
			return err
		}
		simple, err := producer.Bytes([]byte(part(0)), 700)
		err = errors.Join(
			c.PushString("<"), push(c, producer.File(f, 0, -1), nil), push(c, simple, err),
			push(c, producer.Reader(hidden{strings.NewReader(part(1))}, 900), nil), c.PushString(">"),
			c.PushOwned([]byte(part(3)), func([]byte) { done++ }))
		if err == nil {
			pushed++
		}
		c.CloseWhenDone()
		return err
	}})
	e := r.pair(4<<10, "go\r\n", h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	e.stays, e.gulp = true, 3000
	r.carry("producers", e, "<"+part(2)+part(0)+part(1)+">"+part(3), w)
	r.always = append(r.always, func() error {
		if done > 1 || done < pushed {
			return fmt.Errorf("owned bytes were pushed %d times and given back %d times", pushed, done)
		}
		return nil
	})
	r.pump(r.settled)
}

// memoryFile is a file without a place in the file system.
func memoryFile(text string) (*os.File, error) {
	fd, err := unix.MemfdCreate("torture", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "torture")
	_, err = f.WriteString(text)
	return f, err
}

// HTTP's way: a header that ends with an empty line, then a counted body, pipelined.
func playPost(r *run) {
	ln, ok := r.listen("tcp", "127.0.0.1:0", func(c *Conn) *hooks {
		c.SetTerminator(match.CRLFCRLF)
		body := false
		return &hooks{receive: func(c *Conn, data []byte, found bool) error {
			if body {
				body = false
				c.SetTerminator(match.CRLFCRLF)
				return errors.Join(c.PushString("HTTP/1.1 200 OK\r\n\r\n"), c.Push(data))
			}
			_, length, _ := strings.Cut(string(data), "Content-Length: ")
			n, err := strconv.Atoi(length)
			if err != nil {
				return err
			}
			body = true
			count, err := match.Count(int64(n))
			c.SetTerminator(count)
			return err
		}}
	})
	if !ok {
		return
	}
	request, reply := "", ""
	for _, n := range []int{10, 7000, 1} {
		body := string(counted(n))
		request += fmt.Sprintf("POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s", n, body)
		reply += "HTTP/1.1 200 OK\r\n\r\n" + body
	}
	e := r.client(ln, request)
	e.chunk = 2000
	r.carry("replies", e, reply, nil)
	r.pump(r.settled)
}

// A reply arrives in whole although its client goes on sending what nobody reads.
func playCloseWhenDone(r *run) {
	reply := numbered(20, 1000)
	var cause error
	ln, ok := r.listen("tcp", "127.0.0.1:0", func(c *Conn) *hooks {
		h := lines(c, func(c *Conn, _ []byte, _ bool) error {
			err := c.PushString(reply)
			c.CloseWhenDone()
			return err
		})
		h.closed = func(_ *Conn, err error) { cause = err }
		return h
	})
	if !ok {
		return
	}
	e := r.client(ln, "quit\r\n"+numbered(20, 1000))
	e.chunk = 3000
	r.carry("reply", e, reply, nil)
	r.owed = append(r.owed, func() error { return cause })
	r.pump(r.settled)
}

// A peer that does not read costs the drain time, and Closed says so.
func playDeafPeer(r *run) {
	h, w := r.watch(&hooks{opened: func(c *Conn) error {
		err := c.PushString(numbered(30, 1000))
		c.CloseWhenDone()
		return err
	}})
	r.pair(4<<10, "", h, nil).deaf = true
	r.owed = append(r.owed, func() error {
		if !errors.Is(w.cause, ErrDrainTimeout) {
			return fmt.Errorf("Closed said %v", w.cause)
		}
		return nil
	})
	r.pump(func() bool { return w.closes > 0 || len(r.refused) > 0 })
}

// Both sides end their sending first, each once.
func playHalfClose(r *run) {
	var got bytes.Buffer
	collect := func(_ *Conn, data []byte, _ bool) error { got.Write(data); return nil }
	h, w := r.watch(&hooks{receive: collect})
	reply := numbered(8, 1000)
	text := string(counted(9000))
	h.readClosed = func(c *Conn) error {
		err := c.PushString(reply)
		c.CloseWrite()
		return err
	}
	e := r.pair(4<<10, text, &halfCloser{*h}, nil)
	r.carry("reply after the end", e, reply, w)
	received := []byte{}
	r.streams = append(r.streams, stream{"before the end", []byte(text), &received, w, ""})

	h, w = r.watch(&hooks{opened: func(c *Conn) error {
		err := c.PushString(reply)
		c.CloseWrite()
		return err
	}})
	late := r.pair(0, "", h, nil)
	late.stays = true
	r.carry("ended first", late, reply, w)
	r.pump(r.settled)
	received = append(received, got.Bytes()...)
}

// Deadlines come on the clock of the injector.
func playTimers(r *run) {
	expect := func(want error, opened func(c *Conn) error, out string) {
		h, w := r.watch(&hooks{opened: opened})
		r.pair(0, out, h, func(c *Conn) { c.SetTerminator(match.CRLF) }).stays = true
		r.owed = append(r.owed, func() error {
			if !errors.Is(w.cause, want) {
				return fmt.Errorf("Closed said %v, not %v", w.cause, want)
			}
			return nil
		})
	}
	expect(ErrDeadline, func(c *Conn) error { c.SetDeadline(time.Now().Add(50 * time.Millisecond)); return nil }, "")
	expect(ErrElementTimeout, func(c *Conn) error { c.SetElementTimeout(100 * time.Millisecond); return nil }, "no end")
	expect(ErrIdle, func(c *Conn) error { c.SetIdleTimeout(150 * time.Millisecond); return nil }, "")
	fired, stopped := 0, 0
	var again *Timer
	again = r.l.After(20*time.Millisecond, func() {
		if fired++; fired < 3 {
			again.Reset(20 * time.Millisecond)
		}
	})
	gone := r.l.After(30*time.Millisecond, func() { stopped++ })
	gone.Stop()
	r.owed = append(r.owed, func() error {
		if fired != 3 || stopped != 0 {
			return fmt.Errorf("a timer fired %d times, not 3; one that was stopped, %d times", fired, stopped)
		}
		return nil
	})
	r.pump(r.settled)
}
