package fuzz

import (
	"bytes"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// connModel cuts a stream naively, with the terminator that connTerm gives for each element.
func connModel(stream []byte, plan []byte) (elements [][]byte, rest []byte) {
	for i := 0; ; i++ {
		t := connTerm(plan, i)
		switch t.Kind() {
		case match.KindCount:
			n := int(t.Count())
			if n > len(stream) {
				return elements, stream
			}
			elements, stream = append(elements, stream[:n]), stream[n:]
		default:
			at := bytes.Index(stream, t.Bytes())
			if at < 0 {
				return elements, stream
			}
			elements, stream = append(elements, stream[:at]), stream[at+len(t.Bytes()):]
		}
	}
}

var connTerms = func() []match.Terminator {
	terms := []match.Terminator{match.CRLF, match.LF, match.CRLFCRLF, match.MustLiteral("aab"), match.MustLiteral("\r\n.\r\n")}
	for _, n := range []int64{1, 2, 7, 5000} {
		t, err := match.Count(n)
		if err != nil {
			panic(err)
		}
		terms = append(terms, t)
	}
	return terms
}()

func connTerm(plan []byte, i int) match.Terminator {
	if len(plan) == 0 {
		return match.CRLF
	}
	return connTerms[int(plan[i%len(plan)])%len(connTerms)]
}

// connHandler echoes each element between brackets, switches terminator and delivery as the plan says, and pauses now and then.
type connHandler struct {
	plan     []byte
	at       int
	elements [][]byte
	part     []byte
	rest     []byte
	closed   bool
	cause    error
}

func (h *connHandler) next(c *loop.Conn) {
	c.SetTerminator(connTerm(h.plan, h.at))
	if len(h.plan) > 0 {
		c.SetDelivery(loop.Delivery(h.plan[h.at%len(h.plan)] >> 6 & 1))
		if h.plan[h.at%len(h.plan)]>>7 == 1 && h.at > 0 {
			c.Pause()
		}
	}
	h.at++
}

func (h *connHandler) Receive(c *loop.Conn, data []byte, found bool) error {
	if err := c.Push(data); err != nil {
		return err
	}
	h.part = append(h.part, data...)
	if !found {
		return nil
	}
	h.elements, h.part = append(h.elements, h.part), nil
	h.next(c)
	return c.PushString("|")
}

func (h *connHandler) ReadClosed(c *loop.Conn) error {
	h.rest = h.part
	c.CloseWhenDone()
	return nil
}

func (h *connHandler) Closed(_ *loop.Conn, cause error) { h.closed, h.cause = true, cause }

// FuzzConn sends a stream, cut at random, over a socket pair through a whole connection, and compares the elements delivered, and
// the echo that comes back, with the model's.
func FuzzConn(f *testing.F) {
	f.Add([]byte("hello\r\nworld\r\n"), []byte{0}, []byte{3, 1})
	f.Add([]byte("ab\r\n\r\naabaab\r\n.\r\nrest\r"), []byte{2, 3, 0x44, 5}, []byte{1})
	f.Add(bytes.Repeat([]byte("0123456789"), 2000), []byte{8, 0xc8, 0x48}, []byte{200, 7})
	f.Add([]byte("\r\r\n\n\r\n\r\n\r"), []byte{0x80, 0x41, 0xc0}, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, stream, plan, cuts []byte) {
		if len(stream) > 1<<16 || len(plan) > 64 {
			return
		}
		runConn(t, stream, plan, cuts)
	})
}

func runConn(t *testing.T, stream, plan, cuts []byte) {
	l, err := loop.NewLoop(loop.Options{RingBytes: 4 << 10, MaxElement: 1 << 17})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(os.NewSyscallError("socketpair", err))
	}
	peer := fds[1]
	defer func() { unix.Close(peer) }()
	h := &connHandler{plan: plan}
	var conn *loop.Conn
	if err := l.Adopt(fds[0], func(c *loop.Conn) loop.Handler { conn = c; h.next(c); return h }); err != nil {
		t.Fatal(err)
	}
	var echo []byte
	var p [16 << 10]byte
	left, ended := stream, false
	deadline := time.Now().Add(10 * time.Second)
	for i := 0; !h.closed; i++ {
		if len(left) > 0 {
			n := len(left)
			if len(cuts) > 0 {
				n = min(n, 1+int(cuts[i%len(cuts)])*(1+i%9)+len(stream)/256) // in few hundred rounds
			}
			if n, err := unix.Write(peer, left[:n]); err == nil {
				left = left[n:]
			}
		} else if !ended {
			ended = unix.Shutdown(peer, unix.SHUT_WR) == nil
		}
		if err := l.Poll(0); err != nil {
			t.Fatal(err)
		}
		if conn != nil && conn.Paused() {
			conn.Resume()
		}
		if n, err := unix.Read(peer, p[:]); err == nil {
			echo = append(echo, p[:n]...)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the connection does not end: %d bytes left, %d elements", len(left), len(h.elements))
		}
	}
	for {
		n, err := unix.Read(peer, p[:])
		if n <= 0 || err != nil {
			break
		}
		echo = append(echo, p[:n]...)
	}
	checkConn(t, h, stream, plan, echo)
}

func checkConn(t *testing.T, h *connHandler, stream, plan, echo []byte) {
	elements, rest := connModel(stream, plan)
	if h.cause != nil {
		t.Fatalf("closed with %v", h.cause)
	}
	if len(elements) != len(h.elements) || !bytes.Equal(rest, h.rest) {
		t.Fatalf("%d elements and %q, want %d and %q", len(h.elements), h.rest, len(elements), rest)
	}
	var want []byte
	for i := range elements {
		if !bytes.Equal(elements[i], h.elements[i]) {
			t.Fatalf("element %d is %q, want %q", i, h.elements[i], elements[i])
		}
		want = append(append(want, elements[i]...), '|')
	}
	if want = append(want, rest...); !bytes.Equal(want, echo) {
		t.Fatalf("the echo of %d bytes differs from the %d sent", len(echo), len(want))
	}
}
