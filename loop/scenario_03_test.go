//go:build linux

package loop

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// Scenario 3: an accept that loses one connection, or was interrupted, does not end the turn's accepting, pause the
// listener or close it: who stands behind in the queue is accepted in the same turn. The table says which errnos
// these are.
func TestScenario03AbortedInTheQueue(t *testing.T) {
	tried := 0
	for _, o := range sys.Outcomes() {
		if o.Call != "Accept" || (o.Action != sys.Skip && o.Action != sys.Retry) {
			continue
		}
		tried++
		t.Run(o.Errno.Error(), func(t *testing.T) {
			fails := 0
			l := newSeamLoop(t, Options{}, func(calls *sys.Calls) {
				accept := calls.Accept
				calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
					if fails > 0 {
						fails--
						return -1, o.Errno
					}
					return accept(fd, from)
				}
			})
			opened := 0
			ln, err := l.Listen("tcp", "127.0.0.1:0", func(*Conn) Handler { opened++; return &hooks{} })
			if err != nil {
				t.Fatal(err)
			}
			rounds(t, l, 2)
			for range 3 {
				connectFD(t, ln)
			}
			fails = 10
			rounds(t, l, 1)
			if opened != 3 || fails != 0 || l.Stats().AcceptPauses != 0 {
				t.Fatalf("%d of 3 accepted in the turn, %d pauses", opened, l.Stats().AcceptPauses)
			}
		})
	}
	if tried < 5 {
		t.Fatalf("only %d errnos of accept are retried or skipped", tried)
	}
}

// The same by the kernel's own hand: clients that reset while they are in the queue cost nobody else anything.
func TestScenario03ResetInTheQueue(t *testing.T) {
	l := newTestLoop(t, Options{})
	opened, closed, answered := 0, 0, 0
	h := &hooks{
		opened:  func(*Conn) error { opened++; return nil },
		closed:  func(*Conn, error) { closed++ },
		receive: func(c *Conn, data []byte, _ bool) error { answered++; return c.Push(data) },
	}
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(*Conn) Handler { return h })
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 2)
	const each = 20
	var good []int
	for range each {
		sendReset(t, connectFD(t, ln))
		good = append(good, connectFD(t, ln))
	}
	for _, fd := range good {
		say(t, fd, "x")
	}
	poll(t, l, func() bool { return answered == each && closed == opened-each })
	if s := l.Stats(); s.AcceptPauses != 0 || l.Len() != each+1 {
		t.Fatalf("%d pauses, %d channels", s.AcceptPauses, l.Len())
	}
}
