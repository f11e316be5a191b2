//go:build linux

package sim

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// op is a call of the seam.
type op uint8

const (
	opRead op = iota
	opWrite
	opWritev
	opSendfile
	opWait
	opPoll
	opCtlAdd
	opCtlMod
	opCtlDel
	opCreate
	opEventfd
	opEventfdWrite
	opEventfdRead
	opSocket
	opBind
	opListen
	opAccept
	opConnect
	opGetsockname
	opGetpeername
	opSetsockopt
	opGetsockopt
	opOutQueue
	opWaiting
	opShutdown
	opClose
	opMemfd
	opFtruncate
	opReserve
	opMapFixed
	opUnmap
	opCloseRing
	opPipe
	opSplice
	opNote
	opCount
)

// opNames are the names of the calls in sys.Outcomes.
var opNames = [opCount]string{
	"Read", "Output.Write", "Output.Writev", "Output.Sendfile", "EpollWait", "EpollPoll", "EpollCtl(ADD)",
	"EpollCtl(MOD)", "EpollCtl(DEL)", "EpollCreate", "Eventfd", "EventfdWrite", "EventfdRead", "Socket", "Bind",
	"Listen", "Accept", "Connect", "Getsockname", "Getpeername", "SetsockoptInt", "GetsockoptInt", "OutQueue",
	"Waiting", "Shutdown", "Close", "Rings.MemfdCreate", "Rings.Ftruncate", "Rings.Reserve", "Rings.MapFixed",
	"Rings.Unmap", "Rings.Close", "Pipe", "Splice", "note",
}

// call is one line of a trace.
type call struct {
	when     int64
	op       op
	injected bool
	errno    unix.Errno
	fd       int
	arg, ret int
	text     string
}

// trace keeps the last calls, and a hash of all.
type trace struct {
	last [2048]call
	n    uint64
	hash uint64
}

// Note puts a line of a test's own into the trace: what was done about a descriptor. text is a constant.
func (k *Kernel) Note(fd int, text string, arg int) {
	k.record(opNote, fd, arg, 0, 0, false)
	k.trace.last[(k.trace.n-1)%uint64(len(k.trace.last))].text = text
}

func (k *Kernel) record(o op, fd, arg, ret int, errno unix.Errno, injected bool) {
	t := &k.trace
	t.last[t.n%uint64(len(t.last))] = call{k.now, o, injected, errno, fd, arg, ret, ""}
	t.n++
	for _, x := range [...]uint64{uint64(k.now), uint64(o), uint64(fd), uint64(arg), uint64(ret), uint64(errno)} {
		t.hash = (t.hash ^ x) * 1099511628211
	}
}

// Hash is of all calls so far, with their arguments, answers and times.
func (k *Kernel) Hash() uint64 { return k.trace.hash }

// Trace prints the last n calls.
func (k *Kernel) Trace(n int) string { return k.trace.of(-1, n) }

// of prints the last n calls on a descriptor; -1: on any.
func (t *trace) of(fd, n int) string {
	var lines []string
	for i := t.n; i > 0 && t.n-i < uint64(len(t.last)) && len(lines) < n; i-- {
		if c := &t.last[(i-1)%uint64(len(t.last))]; fd < 0 || c.fd == fd || c.ret == fd {
			lines = append(lines, c.String())
		}
	}
	slices.Reverse(lines)
	return strings.Join(lines, "")
}

// String is a line.
func (c *call) String() string {
	ms := float64(c.when-epochNs) / 1e6
	if c.op == opNote {
		return fmt.Sprintf("%14.6f ms    (%d, %d) %s\n", ms, c.fd, c.arg, c.text)
	}
	line := fmt.Sprintf("%14.6f ms  %s(%d, %#x) = %d", ms, opNames[c.op], c.fd, c.arg, c.ret)
	if c.errno != 0 {
		line += " " + unix.ErrnoName(c.errno)
	}
	if c.injected {
		line += " (injected)"
	}
	return line + "\n"
}
