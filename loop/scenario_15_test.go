//go:build linux

package loop

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/match"
)

const neverReads = 200 // clients of scenario 15 that never read

// Scenario 15: two hundred clients ask for more and more and read nothing. Each is read no more once its output
// passes the high-water mark, so what waits for all of them is bounded; those that read are answered in every turn.
func TestScenario15NeverRead(t *testing.T) {
	const high, reply = 64 << 10, 16 << 10
	l := newTestLoop(t, Options{HighWater: high, LowWater: high / 2, RingBytes: 16 << 10})
	taken := 0
	h := &hooks{receive: func(c *Conn, _ []byte, _ bool) error {
		taken++
		return c.Push(make([]byte, reply))
	}}
	var fds []int
	for range neverReads {
		_, fd := barePair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF) })
		fds = append(fds, fd)
	}
	others := newPingers(t, l, 10)
	questions := bytes.Repeat([]byte("more\n"), 2000)
	// A queue takes blocks of up to 64 KiB, and one reply passes the mark; the unanswered questions are held beside it.
	const most = neverReads * (high + reply + 128<<10)
	for range 30 {
		for _, fd := range fds {
			say(t, fd, string(questions[:100]))
		}
		others.turn(t, l)
		if s := l.Stats(); s.BlockBytes+s.RingBytes > most {
			t.Fatalf("%d bytes of blocks and %d of rings for those who do not read", s.BlockBytes, s.RingBytes)
		}
	}
	above := 0
	l.Conns(func(c *Conn) bool {
		if c.Queued() > high {
			above++
		}
		if c.Queued() > high+reply {
			t.Errorf("%d bytes are queued for one connection", c.Queued())
		}
		return true
	})
	if above != neverReads || taken >= neverReads*30*20 {
		t.Errorf("%d connections are above the mark, %d questions were answered", above, taken)
	}
	readAfterAll(t, l, fds[0], 30*20*reply)
}

// readAfterAll has one of the clients read in the end: it gets all that it asked for.
func readAfterAll(t *testing.T, l *Loop, fd, want int) {
	t.Helper()
	var got []byte
	n := 0
	poll(t, l, func() bool {
		got, _ = hear(fd, got[:0])
		n += len(got)
		return n >= want
	})
	if n != want {
		t.Errorf("%d bytes came in the end, not %d", n, want)
	}
}

// What is pushed to such clients unasked, as a broadcast is, passes the hard cap some day: the policy closes each of
// them, or refuses the push, and in either case the others go on and no more than the cap waits.
func TestScenario15Broadcast(t *testing.T) {
	for name, policy := range map[string]Overflow{"close": CloseOverflow, "refuse": RefuseOverflow} {
		t.Run(name, func(t *testing.T) {
			const limit = 128 << 10
			l := newSeamLoop(t, Options{HighWater: limit / 2, MaxOutput: limit, Overflow: policy}, func(*sys.Calls) {})
			var causes []error
			var all []*Conn
			h := &hooks{closed: func(_ *Conn, err error) { causes = append(causes, err) }}
			for range neverReads {
				c, _ := barePair(t, l, h, nil)
				all = append(all, c)
			}
			others := newPingers(t, l, 10)
			news := []byte(strings.Repeat("news ", 2000))
			refused := 0
			for range 100 {
				for _, c := range all {
					if err := c.Push(news); errors.Is(err, ErrOutputFull) {
						refused++
					}
					if c.Queued() > limit {
						t.Fatalf("%d bytes wait for one connection", c.Queued())
					}
				}
				others.turn(t, l)
			}
			want := 0
			if policy == CloseOverflow {
				want = neverReads
			}
			for _, cause := range causes {
				if !errors.Is(cause, ErrOutputFull) {
					t.Fatalf("closed for %v", cause)
				}
			}
			if len(causes) != want || refused < neverReads {
				t.Errorf("%d connections were closed, %d pushes refused", len(causes), refused)
			}
		})
	}
}
