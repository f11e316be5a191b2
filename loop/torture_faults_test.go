//go:build linux

package loop

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// fault is what goes wrong in one run: the k-th call of a name answers with errno, or moves one byte only; once, or from then
// on. The zero value is a run in which nothing does.
type fault struct {
	call    string // as in sys.Outcome; anyCall: every call that can answer so
	k       int    // counted from 1
	outcome sys.Outcome
	short   bool // one byte, instead of an errno
	lasting bool
}

const anyCall = "any"

// brief is how often a lasting fault strikes that the kernel would end by itself: a signal does not come for ever, what
// readiness announces is there in the end, an error that a datagram left is told once, and one byte after the other is long
// enough after so many.
func (f *fault) brief() int {
	switch {
	case f.short:
		return 600
	case f.outcome.Action == sys.Retry, f.outcome.Action == sys.Wait, f.outcome.Action == sys.Skip && !f.outcome.Done:
		return 50
	}
	return 1<<31 - 1
}

// harmless tells whether the loop owes all bytes in spite of the fault, and not only a prefix.
func (f *fault) harmless() bool {
	if f.short || f.call == "" {
		return true
	}
	switch f.outcome.Action {
	case sys.Retry, sys.Wait, sys.Ignore:
		return f.call != anyCall || f.outcome.Errno == unix.EINTR
	case sys.Exhausted:
		return f.call == "Accept" && !f.lasting
	}
	return false
}

func (f *fault) errno() string {
	if f.short {
		return "short"
	}
	return unix.ErrnoName(f.outcome.Errno)
}

// String is what -torture-case takes, behind the scenario's name.
func (f *fault) String() string {
	often := "once"
	if f.lasting {
		often = "on"
	}
	return fmt.Sprintf("%s/%d/%s/%s", f.call, f.k, f.errno(), often)
}

// transfers are the calls that may move less than they were asked to.
var transfers = []string{"Read", "ReadFile", "WriteFile", "Splice", "Output.Write", "Output.Writev", "Output.Sendfile"}

// everywhere are the errnos that are tried at every call that can answer so, from one call on: memory or descriptors run
// out, or signals rain.
var everywhere = []syscall.Errno{unix.ENOMEM, unix.ENOBUFS, unix.EMFILE, unix.EINTR}

// kinds are the faults that a call of a name can have, without place.
func kinds(call string) (all []fault) {
	if call == anyCall {
		for _, errno := range everywhere {
			o := sys.Outcome{Call: call, Errno: errno, Action: actionEverywhere(errno)}
			all = append(all, fault{call: call, outcome: o, lasting: true})
		}
		return all
	}
	both := func(f fault) {
		all = append(all, f)
		f.lasting = true
		all = append(all, f)
	}
	for _, o := range sys.Outcomes() {
		if o.Call == call {
			both(fault{call: call, outcome: o})
		}
	}
	if slices.Contains(transfers, call) {
		both(fault{call: call, short: true})
	}
	return all
}

func actionEverywhere(errno syscall.Errno) sys.Action {
	if errno == unix.EINTR {
		return sys.Retry
	}
	return sys.Fatal
}

// faultsOf are the faults that can strike a run like the one of in.
func faultsOf(in *injector) (all []fault) {
	for _, name := range slices.Sorted(maps.Keys(in.counts)) {
		for _, f := range kinds(name) {
			last := in.reach[name]
			if f.outcome.Done && f.outcome.Action == sys.Ignore { // which is not cleared
				last = in.counts[name]
			}
			for f.k = 1; f.k <= last; f.k++ {
				all = append(all, f)
			}
		}
	}
	return all
}

// parseFault reads what String writes.
func parseFault(s string) (fault, error) {
	part := strings.Split(s, "/")
	if len(part) == 4 {
		k, err := strconv.Atoi(part[1])
		for _, f := range kinds(part[0]) {
			if f.k = k; err == nil && k > 0 && f.String() == s {
				return f, nil
			}
		}
	}
	return fault{}, fmt.Errorf("no fault %q: want call/k/errno/once or on", s)
}
