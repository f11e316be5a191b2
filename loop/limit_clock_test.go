//go:build linux

package loop

import (
	"testing"
	"time"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// clock is what a loop takes the time from, and goes on when a test says so.
type clock struct {
	l  *Loop
	ns int64
}

// newClockLoop is a loop that the test drives with Poll, and its clock.
func newClockLoop(t testing.TB, o Options) (*Loop, *clock) {
	t.Helper()
	k := &clock{ns: int64(time.Hour)}
	calls := *sys.System()
	calls.Now = func() int64 { return k.ns }
	o.calls = &calls
	k.l = newTestLoop(t, o)
	return k.l, k
}

// pass lets time go by, in steps of a second at most, and the loop have its rounds after each.
func (k *clock) pass(t testing.TB, d time.Duration) {
	t.Helper()
	for ; d > 0; d -= time.Second {
		k.ns += int64(min(d, time.Second))
		rounds(t, k.l, 3)
	}
}

// feed writes to a peer and has the loop read it.
func feed(t testing.TB, l *Loop, peer interface{ Write([]byte) (int, error) }, text string) {
	t.Helper()
	if _, err := peer.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 2)
}
