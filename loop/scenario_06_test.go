//go:build linux

package loop

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tagged is what connection number tag sends: the tag, again and again.
func tagged(tag uint32) []byte { return binary.BigEndian.AppendUint32(nil, tag) }

// taggedPeer accepts connections, and sees that the bytes of each carry one tag only.
func taggedPeer(t *testing.T) (addr string, stop func() (conns int)) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	var conns atomic.Int64
	readers.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			readers.Go(func() {
				defer nc.Close()
				got, _ := io.ReadAll(nc) // up to its end, or its reset
				for i := 4; i+4 <= len(got); i += 4 {
					if first, tag := binary.BigEndian.Uint32(got), binary.BigEndian.Uint32(got[i:]); tag != first {
						t.Errorf("bytes of connection %d reached connection %d", tag, first)
						return
					}
				}
			})
		}
	})
	return ln.Addr().String(), func() int {
		ln.Close()
		readers.Wait()
		return int(conns.Load())
	}
}

// taggedConn is a connection and its tag.
type taggedConn struct {
	c    *Conn
	tag  uint32
	gone atomic.Bool // Closed was called
}

// Scenario 6: eight goroutines write to whatever connection they last heard of, while it is closed and another one
// dialled, which gets its descriptor's number. No byte reaches a stranger, and a write after Closed is refused.
func TestScenario06WritersAgainstARedialler(t *testing.T) {
	const writers, dials = 8, 40
	addr, stop := taggedPeer(t)
	s := start(t, Options{Loops: 1, MaxPosted: 256}) // so that a turn is short, and a connection too
	var now atomic.Pointer[taggedConn]
	var last uint32
	ended := make(chan struct{})
	var dialNext func()
	dialNext = func() {
		last++
		mine := &taggedConn{tag: last}
		if err := s.Dial("tcp", addr, func(c *Conn) Handler {
			mine.c = c
			return &hooks{
				opened: func(c *Conn) error {
					now.Store(mine)
					c.Loop().After(time.Millisecond, c.Close)
					return c.Push(tagged(mine.tag))
				},
				closed: func(*Conn, error) {
					mine.gone.Store(true)
					if mine.tag == dials {
						close(ended)
						return
					}
					dialNext() // the turn is not over: the descriptor is closed at its end
				},
			}
		}); err != nil {
			t.Error(err)
			close(ended)
		}
	}
	dialNext()
	var writing sync.WaitGroup
	var taken, refused atomic.Int64
	for range writers {
		writing.Go(func() { writeTagged(t, &now, ended, &taken, &refused) })
	}
	writing.Wait()
	if n := stop(); n < dials/2 { // it does not accept those that are reset in its queue
		t.Errorf("the peer has seen %d of %d connections", n, dials)
	}
	if taken.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d writes were taken, %d refused: nothing was shown", taken.Load(), refused.Load())
	}
}

// writeTagged writes until ended to the connection that is the present one, and to the one before it.
func writeTagged(t *testing.T, now *atomic.Pointer[taggedConn], ended chan struct{}, taken, refused *atomic.Int64) {
	var old, present *taggedConn
	for {
		select {
		case <-ended:
			return
		default:
		}
		if next := now.Load(); next != present {
			old, present = present, next
		}
		for _, to := range []*taggedConn{present, old} {
			if to == nil {
				continue
			}
			gone := to.gone.Load()
			err := to.c.PushAsync(tagged(to.tag))
			switch {
			case err == nil && gone:
				t.Errorf("a write to connection %d was taken after its end", to.tag)
				return
			case err == nil:
				taken.Add(1)
			case errors.Is(err, ErrClosed):
				refused.Add(1)
			case errors.Is(err, ErrOverloaded):
				runtime.Gosched()
			default:
				t.Error(err)
				return
			}
		}
	}
}

// A write that was accepted waits in the mailbox when the connection closes, and its descriptor's number is a
// stranger's when the loop comes to it.
func TestScenario06AcceptedBeforeClose(t *testing.T) {
	l := newTestLoop(t, Options{})
	c, _ := barePair(t, l, &hooks{}, nil)
	number := int(c.fd)
	c.Post(func(c *Conn) {
		if err := c.PushAsync([]byte("for nobody else")); err != nil {
			t.Error(err)
		}
		c.Close()
	})
	rounds(t, l, 1)
	if _, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0); err != unix.EBADF {
		t.Fatalf("descriptor %d is not closed at the end of the turn: %v", number, err)
	}
	stranger, err := unixPair(0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(stranger[1])
	if stranger[0] != number {
		if err := unix.Dup3(stranger[0], number, unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		unix.Close(stranger[0])
	}
	defer unix.Close(number)
	rounds(t, l, 3)
	if got, _ := hear(stranger[1], nil); len(got) != 0 {
		t.Fatalf("a stranger got %q", got)
	}
	if err := c.PushAsync([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Fatalf("a write after the end: %v", err)
	}
}
