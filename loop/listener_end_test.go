//go:build linux

package loop

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// queuedClients is a listener whose loop has begun it, and clients that stand in its queue.
func queuedClients(t *testing.T, l *Loop, clients int, f Factory) *Listener {
	t.Helper()
	ln, err := l.Listen("tcp", "127.0.0.1:0", f)
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 2)
	for range clients {
		connectFD(t, ln)
	}
	return ln
}

// A listener that closes goes on until the queue is empty, not until it has accepted a number: the kernel queues one client
// more than the backlog, and others may come meanwhile.
func TestScenario27FullQueue(t *testing.T) {
	l := newTestLoop(t, Options{Backlog: 1, AcceptBudget: 1})
	opened := 0
	var ln *Listener
	ln = queuedClients(t, l, 2, func(*Conn) Handler {
		if opened++; opened == 1 { // by the event of the turn in which Close takes effect
			connectFD(t, ln)
		}
		return &hooks{}
	})
	ln.Close()
	poll(t, l, func() bool { return l.channelCount() == 0 })
	if opened != 3 {
		t.Fatalf("%d of 3 in the queue were accepted", opened)
	}
}

// A factory that panics while its listener closes costs one client, and not those behind it in the queue.
func TestScenario27PanicAmidTheQueue(t *testing.T) {
	l := newTestLoop(t, Options{})
	opened, panics := 0, 2
	ln := queuedClients(t, l, 4, func(*Conn) Handler {
		if panics > 0 {
			panics--
			panic("boom")
		}
		opened++
		return &hooks{}
	})
	ln.Close()
	poll(t, l, func() bool { return l.channelCount() == 0 })
	if opened != 2 || l.Stats().Panics != 2 {
		t.Fatalf("%d of 2 were accepted, %d panics", opened, l.Stats().Panics)
	}
}

// A factory that always panics does not keep its listener from closing: DrainTimeout ends that too.
func TestPanicsDoNotKeepAListener(t *testing.T) {
	l, k := newClockLoop(t, Options{})
	ln := queuedClients(t, l, 6, func(*Conn) Handler {
		k.ns += int64(l.opts.DrainTimeout)
		panic("boom")
	})
	ln.Close()
	rounds(t, l, 2)
	if n := l.Stats().Panics; l.channelCount() != 0 || n == 6 {
		t.Fatalf("%d channels are left after %d panics", l.channelCount(), n)
	}
}

// CloseAll in a callback of a connection that was just accepted is the end of accepting.
func TestCloseAllAmidAccepting(t *testing.T) {
	l := newTestLoop(t, Options{})
	opened := 0
	h := &hooks{opened: func(*Conn) error {
		opened++
		l.CloseAll(nil)
		return nil
	}}
	queuedClients(t, l, 3, func(*Conn) Handler { return h })
	rounds(t, l, 2)
	if opened != 1 || l.Len() != 0 {
		t.Fatalf("%d were accepted, %d channels are left", opened, l.Len())
	}
}

// An accept that loses every connection for ever, as a firewall of the process can have it, pauses the listener: one
// that stays in the queue would make the loop spin.
func TestScenario01LossesThatLast(t *testing.T) {
	tries, lost := 0, true
	l := newSeamLoop(t, Options{AcceptBudget: 8}, func(calls *sys.Calls) {
		accept := calls.Accept
		calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
			if tries++; lost {
				return -1, unix.EPERM
			}
			return accept(fd, from)
		}
	})
	opened := 0
	queuedClients(t, l, 1, func(*Conn) Handler { opened++; return &hooks{} })
	rounds(t, l, 1)
	if n := l.Stats().AcceptPauses; n != 1 || tries != 8 {
		t.Fatalf("accept was tried %d times, and paused %d times", tries, n)
	}
	lost = false
	poll(t, l, func() bool { return opened == 1 })
}
