//go:build linux

package loop

import (
	"io"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// nothing is a producer that makes nothing.
type nothing struct{ closed *int }

func (nothing) More() ([]byte, error) { return nil, io.EOF }

func (n nothing) Close() error {
	*n.closed++
	return nil
}

// Scenario 13: five thousand pieces of one byte, and among them as many producers that make nothing, and empty and
// nil ones. They leave in as few calls as the kernel's limit on slices allows (writev(2), IOV_MAX), none of which has
// an empty slice.
func TestScenario13ManyPieces(t *testing.T) {
	const pieces, most = 5000, 1024
	calls, slices := 0, 0
	l := newSeamLoop(t, Options{HighWater: 32 << 20}, func(seam *sys.Calls) {
		writev := seam.Output.Writev
		seam.Output.Writev = func(fd int, iov []unix.Iovec) (int, syscall.Errno) {
			calls++
			slices = max(slices, len(iov))
			for i := range iov {
				if iov[i].Len == 0 {
					t.Error("an empty slice is offered")
				}
			}
			return writev(fd, iov)
		}
	})
	var cause error
	c, fd := bareTCPPair(t, l, &hooks{closed: func(_ *Conn, err error) { cause = err }}, nil)
	var want []byte
	done, ended := 0, 0
	c.Post(func(c *Conn) {
		for i := range pieces {
			want = append(want, byte(i%251))
			_ = c.PushOwned(want[i:i+1:i+1], func([]byte) { done++ })
			_ = c.PushProducer(nothing{&ended})
			_ = c.PushProducer(nil)
			_ = c.PushOwned(nil, nil)
		}
	})
	var got []byte
	poll(t, l, func() bool { got, _ = hear(fd, got); return len(got) >= pieces || cause != nil })
	rounds(t, l, 1)
	if string(got) != string(want) || done != pieces || ended != pieces || cause != nil {
		t.Fatalf("%d bytes came, %d pieces and %d producers were given back, %v", len(got), done, ended, cause)
	}
	if slices > most || calls > 3*pieces/most {
		t.Errorf("%d calls, of %d slices at the most", calls, slices)
	}
}

// More than 1 GiB, of which no call is offered more than the cap: a call that took 2 GiB would overflow its own count.
func TestScenario13ManyBytes(t *testing.T) {
	const most, total = 1 << 20, 1100 << 20
	var sent, largest int
	l := newSeamLoop(t, Options{HighWater: 1<<31 - 1, WriteBudget: 1<<31 - 1}, func(calls *sys.Calls) {
		takesAll(calls, func(n, _ int) {
			sent += n
			largest = max(largest, n)
		})
	})
	c, _ := barePair(t, l, &hooks{}, nil)
	piece := make([]byte, 11<<20)
	done := 0
	c.Post(func(c *Conn) {
		for range total / len(piece) {
			if err := c.PushOwned(piece, func([]byte) { done++ }); err != nil {
				t.Error(err)
			}
		}
	})
	poll(t, l, func() bool { return done == total/len(piece) })
	if sent != total || largest > most {
		t.Fatalf("%d bytes of %d were sent, %d in one call", sent, total, largest)
	}
}
