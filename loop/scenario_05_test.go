//go:build linux

package loop

import (
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// batch polls until the events of all that was just made ready come in one turn. They came in the order in which they
// were made ready, so what the first does is done before the last is looked at.
func batch(t *testing.T, l *Loop) {
	t.Helper()
	if err := l.Poll(time.Second); err != nil {
		t.Fatal(err)
	}
	if err := l.check(); err != nil {
		t.Fatal(err)
	}
}

// Scenario 5: in one batch A closes B, a connection is accepted that gets B's place, and then comes the event of B.
// The new one has no part in it: it is not even read from.
func TestScenario05StaleEvent(t *testing.T) {
	reads := map[int]int{}
	l := newSeamLoop(t, Options{}, func(calls *sys.Calls) {
		read := calls.Read
		calls.Read = func(fd int, p []byte) (int, syscall.Errno) {
			reads[fd]++
			return read(fd, p)
		}
	})
	var fresh *Conn
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { fresh = c; return &hooks{} })
	if err != nil {
		t.Fatal(err)
	}
	var b *Conn
	_, peerA := barePair(t, l, &hooks{receive: func(*Conn, []byte, bool) error { b.Close(); return nil }}, nil)
	b, peerB := barePair(t, l, &hooks{receive: func(*Conn, []byte, bool) error {
		t.Error("the closed connection was read")
		return nil
	}}, nil)
	rounds(t, l, 2)
	slot := b.slot
	say(t, peerA, "x")
	connectFD(t, ln)
	say(t, peerB, "x")
	batch(t, l)
	if fresh == nil || fresh.slot != slot {
		t.Fatalf("the new connection does not have the place of the closed one: %v", fresh)
	}
	if n := reads[int(fresh.fd)]; n != 0 || l.Stats().Stale != 1 {
		t.Fatalf("the new connection was read %d times, %d events were stale", n, l.Stats().Stale)
	}
}

// A closes B and opens and dials something else: B's descriptor is given to nobody before the batch is over.
func TestScenario05DescriptorStaysTaken(t *testing.T) {
	l := newTestLoop(t, Options{})
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(*Conn) Handler { return &hooks{} })
	if err != nil {
		t.Fatal(err)
	}
	var b, dialled *Conn
	received := 0
	_, peerA := barePair(t, l, &hooks{receive: func(*Conn, []byte, bool) error {
		number := int(b.fd)
		b.Close()
		for range 3 {
			fd, err := unix.Dup(0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			if fd == number {
				t.Errorf("descriptor %d is given away while its event may be in the batch", fd)
			}
		}
		return l.Dial("tcp", ln.Addr().String(), func(c *Conn) Handler {
			dialled = c
			return &hooks{receive: func(*Conn, []byte, bool) error { received++; return nil }}
		})
	}}, nil)
	b, peerB := barePair(t, l, &hooks{}, nil)
	say(t, peerA, "x")
	say(t, peerB, "for B alone")
	poll(t, l, func() bool { return dialled != nil && dialled.state&opened != 0 })
	rounds(t, l, 5)
	if received != 0 || dialled.state&closed != 0 {
		t.Fatalf("the dialled connection received %d times", received)
	}
}

// replacing is a dispatcher that, when it is readable, closes another and puts a third in its place.
type replacing struct {
	pipeDispatcher
	do func()
}

func (r *replacing) HandleRead(ch *Channel) error {
	r.do()
	return r.pipeDispatcher.HandleRead(ch)
}

// So it is with dispatchers.
func TestScenario05StaleEventOfADispatcher(t *testing.T) {
	l := newTestLoop(t, Options{})
	var r, w [3]*os.File
	for i := range r {
		var err error
		if r[i], w[i], err = os.Pipe(); err != nil {
			t.Fatal(err)
		}
		defer r[i].Close()
		defer w[i].Close()
	}
	victim, third := &pipeDispatcher{limit: 9}, &replacing{pipeDispatcher: pipeDispatcher{limit: 9}}
	third.do = func() { t.Error("the third is told of the second's event") }
	var second *Channel
	first := &replacing{pipeDispatcher: pipeDispatcher{limit: 1}}
	first.do = func() {
		second.Close()
		if _, err := l.Add(int(r[2].Fd()), third); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Add(int(r[0].Fd()), first); err != nil {
		t.Fatal(err)
	}
	var err error
	if second, err = l.Add(int(r[1].Fd()), victim); err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 1)
	io.WriteString(w[0], "x")
	io.WriteString(w[1], "y")
	batch(t, l)
	if l.Stats().Stale != 1 {
		t.Fatalf("%d stale events", l.Stats().Stale)
	}
	l.CloseAll(nil)
	rounds(t, l, 1)
}
