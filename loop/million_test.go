//go:build linux

package loop

import (
	"flag"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

var idleConns = flag.Int("idle-conns", 100_000, "connections of TestIdleConnectionsFit")

// A million idle connections fit in 400 MB: so many are accepted from a kernel that is made up, each says something and is
// answered, and what the process has of the system's memory, less what it had before, is 400 bytes for each at the most.
func TestIdleConnectionsFit(t *testing.T) {
	l := newTestLoop(t, Options{IdleTimeout: time.Hour})
	accepted, answered := 0, 0
	calls := *l.calls
	real := *l.calls
	calls.Accept = func(int, *unix.RawSockaddrAny) (int, syscall.Errno) {
		if accepted == *idleConns {
			return -1, unix.EAGAIN
		}
		accepted++
		return 1<<20 + accepted, 0 // no descriptor that the process has
	}
	calls.EpollCtl = func(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno {
		if fd > 1<<20 {
			return 0
		}
		return real.EpollCtl(epfd, op, fd, event)
	}
	calls.Close = func(fd int) error {
		if fd > 1<<20 {
			return nil
		}
		return real.Close(fd)
	}
	calls.Read = func(_ int, p []byte) (int, syscall.Errno) { return copy(p, "hello\r\n"), 0 }
	calls.Output.Write = func(_ int, p []byte) (int, syscall.Errno) { answered++; return len(p), 0 }
	l.sys.Calls = calls.Output
	l.calls = &calls
	ln, err := l.Listen("unix", t.TempDir()+"/s", func(c *Conn) Handler {
		c.SetTerminator(match.CRLF)
		return HandlerFunc(echoLine)
	})
	if err != nil {
		t.Fatal(err)
	}
	before := systemMemory()
	if err := l.Poll(0); err != nil { // the listener begins
		t.Fatal(err)
	}
	a := ln.acceptors[0]
	for a.accept(1<<20) != queueEmpty {
	}
	for slot := range l.slots.n {
		c := l.slots.at(slot)
		l.cur = c
		c.handle(unix.EPOLLIN)
		c.settle()
		l.cur = nil
	}
	if l.Len() != *idleConns+1 || answered != *idleConns {
		t.Fatalf("%d channels, %d answers", l.Len(), answered)
	}
	if err := l.check(); err != nil {
		t.Fatal(err)
	}
	used := systemMemory() - before
	each := float64(used) / float64(*idleConns)
	t.Logf("%d connections: %.1f MB, %.0f bytes each", *idleConns, float64(used)/1e6, each)
	if each > 400 {
		t.Errorf("%.0f bytes each", each)
	}
}

// systemMemory is what the runtime has from the system and has not given back: heap, table and all.
func systemMemory() int64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}
