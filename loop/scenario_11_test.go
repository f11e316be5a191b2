//go:build linux

package loop

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/match"
)

// pingers are connections that echo, and the other ends.
type pingers struct{ fds []int }

func newPingers(t *testing.T, l *Loop, n int) *pingers {
	p := &pingers{}
	for range n {
		_, fd := barePair(t, l, HandlerFunc(echoLine), func(c *Conn) { c.SetTerminator(match.CRLF) })
		p.fds = append(p.fds, fd)
	}
	return p
}

// turn has each of them ask, runs one turn of the loop, and sees that each was answered in it.
func (p *pingers) turn(t *testing.T, l *Loop) {
	t.Helper()
	for _, fd := range p.fds {
		say(t, fd, "ping\r\n")
	}
	rounds(t, l, 1)
	var got []byte
	for i, fd := range p.fds {
		if got, _ = hear(fd, got[:0]); string(got) != "ping\r\n" {
			t.Fatalf("pinger %d got %q in its turn", i, got)
		}
	}
}

// Scenario 11: one connection sends as much as its socket takes, always; a hundred others ask for little. Between two
// turns of each of them the loop takes no more of the first than its ring holds, in one read.
func TestScenario11FirehoseIn(t *testing.T) {
	const ring, turns = 16 << 10, 60
	reads, bytesIn, flooder := 0, 0, -1
	l := newSeamLoop(t, Options{RingBytes: ring}, func(calls *sys.Calls) {
		read := calls.Read
		calls.Read = func(fd int, p []byte) (int, syscall.Errno) {
			n, errno := read(fd, p)
			if fd == flooder {
				reads++
				bytesIn += n
			}
			return n, errno
		}
	})
	c, fd := barePair(t, l, &hooks{}, nil)
	flooder = int(c.fd)
	others := newPingers(t, l, 100)
	for range turns {
		fill(fd)
		reads, bytesIn = 0, 0
		others.turn(t, l)
		if reads != 1 || bytesIn < 1 || bytesIn > ring {
			t.Fatalf("the flooder was read %d times in a turn, %d bytes of it", reads, bytesIn)
		}
	}
}

// The other way round: one connection has a great deal to send, to a peer that takes it as fast as it comes.
func TestScenario11FirehoseOut(t *testing.T) {
	const budget, total = 2 << 20, 32 << 20
	bytesOut, flooder := 0, -1
	o := Options{WriteBudget: budget, HighWater: 2 * total}
	l := newSeamLoop(t, o, func(calls *sys.Calls) {
		real := calls.Output
		calls.Output.Write = func(fd int, p []byte) (int, syscall.Errno) {
			if fd != flooder {
				return real.Write(fd, p)
			}
			bytesOut += len(p)
			return len(p), 0
		}
		calls.Output.Writev = func(fd int, iov []unix.Iovec) (int, syscall.Errno) {
			if fd != flooder {
				return real.Writev(fd, iov)
			}
			n := iovBytes(iov)
			bytesOut += n
			return n, 0
		}
	})
	c, _ := barePair(t, l, &hooks{}, nil)
	flooder = int(c.fd)
	others := newPingers(t, l, 100)
	c.Post(func(c *Conn) { _ = c.PushOwned(make([]byte, total), nil) })
	sent := 0
	for turns := 0; sent < total; turns++ {
		bytesOut = 0
		others.turn(t, l)
		if sent += bytesOut; bytesOut > budget || turns > 2*total/budget {
			t.Fatalf("%d bytes left in a turn, %d in %d turns", bytesOut, sent, turns)
		}
	}
}
