//go:build linux

package sim

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// Faults say how often calls fail that would have gone well: once in so many times, 0 for never. The errnos are those of
// sys.Outcomes.
type Faults struct {
	Interrupt int // EINTR
	Again     int // EAGAIN, though there is something
	Short     int // a transfer of less than it might be, down to one byte
	Scarce    int // what a listener waits out: EMFILE, ENOBUFS and the like in accept4
	Abort     int // a connection lost in the queue
	Fail      int // what ends a connection, or one attempt
	Ignored   int // what has another way: no mapping for a ring, no sendfile, or a close that says EIO
}

// answers are the errnos of each call, by how a loop has to take them.
var answers = func() (all [opCount]map[sys.Action][]sys.Outcome) {
	for _, o := range sys.Outcomes() {
		at := slices.Index(opNames[:], o.Call)
		if at < 0 {
			continue
		}
		if all[at] == nil {
			all[at] = map[sys.Action][]sys.Outcome{}
		}
		all[at][o.Action] = append(all[at][o.Action], o)
	}
	return all
}()

// enter is how each call begins: time passes, what is due by then happens, and a fault may strike. done says that the call
// has its effect all the same.
func (k *Kernel) enter(o op) (errno unix.Errno, done bool) {
	k.Calls++
	if k.CallNs > 0 && o != opEventfdWrite { // which is called with the mailbox locked, and an event may post
		k.now += k.rand.Int64N(k.CallNs)
		k.runDue()
	}
	f := &k.Faults
	if *f == (Faults{}) {
		return 0, false
	}
	for _, kind := range [...]struct {
		often  int
		action sys.Action
	}{
		{f.Interrupt, sys.Retry}, {f.Again, sys.Wait}, {f.Scarce, sys.Exhausted}, {f.Abort, sys.Skip}, {f.Fail, sys.Fatal},
		{f.Ignored, sys.Ignore},
	} {
		if kind.often == 0 || answers[o] == nil || k.rand.IntN(kind.often) > 0 {
			continue
		}
		possible := answers[o][kind.action]
		if len(possible) == 0 || kind.action == sys.Fatal && (o == opCtlDel || o == opWait || o == opPoll) {
			continue // those would say that the loop is wrong
		}
		outcome := possible[k.rand.IntN(len(possible))]
		k.Struck++
		return outcome.Errno, outcome.Done
	}
	return 0, false
}

// shorten is how many of n bytes a transfer is let move.
func (k *Kernel) shorten(n int) int {
	if often := k.Faults.Short; often > 0 && n > 1 && k.rand.IntN(often) == 0 {
		k.Struck++
		return 1 + k.rand.IntN(n-1)>>k.rand.IntN(8)
	}
	return n
}

// blame notes on a socket that a fault has struck it, if that may show.
func (s *Socket) blame(o op, errno unix.Errno) {
	if errno != unix.EINTR && (errno != unix.EAGAIN || o == opConnect) {
		s.faults = append(s.faults, errno)
	}
}
