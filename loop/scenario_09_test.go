//go:build linux

package loop

import (
	"bytes"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/match"
)

// Scenario 9: SIGURG, which the runtime itself uses, hits the loop's thread as fast as it can be sent, while the loop
// accepts, echoes, writes what a peer is slow to take, and keeps time. Nothing is lost, closed or early.
func TestScenario09SignalStorm(t *testing.T) {
	const size = 8 << 20
	s := start(t, Options{Loops: 1})
	l := s.Loops()[0]
	addr := serve(t, s, func(c *Conn) Handler {
		c.SetTerminator(match.CRLF)
		return HandlerFunc(func(c *Conn, line []byte, found bool) error {
			if string(line) == "much" {
				return c.Push(make([]byte, size))
			}
			return echoLine(c, line, found)
		})
	})
	tid := make(chan int, 1)
	l.Post(func() { tid <- unix.Gettid() })
	thread := wait(t, tid)
	var sent atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				_ = unix.Tgkill(unix.Getpid(), thread, unix.SIGURG)
				sent.Add(1)
				runtime.Gosched()
			}
		}
	}()
	begin, fired := time.Now(), make(chan time.Duration, 1)
	const after = 200 * time.Millisecond
	l.Post(func() { l.After(after, func() { fired <- time.Since(begin) }) })
	slow := dial(t, addr)
	slow.Write([]byte("much\r\n"))
	for range 50 {
		nc := dial(t, addr)
		for range 2 {
			if !echoes(nc, 20*time.Second) {
				t.Fatal("no echo")
			}
		}
		nc.Close()
	}
	got := 0
	for p := make([]byte, 64<<10); got < size; {
		n, err := slow.Read(p)
		if got += n; err != nil {
			t.Fatalf("%d of %d bytes came: %v", got, size, err)
		}
	}
	if at := wait(t, fired); at < after-time.Millisecond {
		t.Errorf("a timer of %v fired after %v", after, at)
	}
	close(stop)
	<-done
	t.Logf("%d signals", sent.Load())
}

// interrupting makes calls answer EINTR several times before each that is made, but for close, which is never made
// again.
func interrupting(calls *sys.Calls, times int, closes map[int]int) {
	turns := map[string]int{}
	hit := func(name string) bool {
		turns[name]++
		return turns[name]%(times+1) != 0
	}
	real := *calls
	calls.Read = func(fd int, p []byte) (int, syscall.Errno) {
		if hit("read") {
			return 0, unix.EINTR
		}
		return real.Read(fd, p)
	}
	calls.Output.Write = func(fd int, p []byte) (int, syscall.Errno) {
		if hit("write") {
			return 0, unix.EINTR
		}
		return real.Output.Write(fd, p)
	}
	calls.Output.Writev = func(fd int, iov []unix.Iovec) (int, syscall.Errno) {
		if hit("writev") {
			return 0, unix.EINTR
		}
		return real.Output.Writev(fd, iov)
	}
	calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
		if hit("accept") {
			return -1, unix.EINTR
		}
		return real.Accept(fd, from)
	}
	calls.EpollCtl = func(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno {
		if hit("ctl") {
			return unix.EINTR
		}
		return real.EpollCtl(epfd, op, fd, event)
	}
	calls.EpollWait = func(epfd int, events []unix.EpollEvent, ms int) (int, syscall.Errno) {
		if hit("wait") {
			return -1, unix.EINTR
		}
		return real.EpollWait(epfd, events, ms)
	}
	calls.Close = func(fd int) error {
		closes[fd]++
		_ = real.Close(fd)
		return unix.EINTR
	}
}

// The same by the seam, where every call is interrupted three times before it is made. Only close is made once,
// whatever it answers: its descriptor is gone, and may be another's.
func TestScenario09EveryCallInterrupted(t *testing.T) {
	closes := map[int]int{}
	l := newSeamLoop(t, Options{}, func(calls *sys.Calls) { interrupting(calls, 3, closes) })
	var cause error
	closed, big := false, bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	c, fd := bareTCPPair(t, l, &hooks{
		receive: func(c *Conn, data []byte, _ bool) error {
			if string(data) == "much" {
				return c.PushOwned(big, nil)
			}
			return c.Push(data)
		},
		closed: func(_ *Conn, err error) { closed, cause = true, err },
	}, func(c *Conn) { c.SetTerminator(match.LF) })
	number := int(c.fd)
	var got []byte
	arrives := func(n int) func() bool {
		return func() bool { got, _ = hear(fd, got); return len(got) >= n || closed }
	}
	say(t, fd, "ask\n")
	poll(t, l, arrives(3))
	say(t, fd, "much\n")
	poll(t, l, arrives(3+len(big)))
	if closed {
		t.Fatalf("closed: %v", cause)
	}
	if string(got[:3]) != "ask" || !bytes.Equal(got[3:], big) {
		t.Errorf("%d bytes came, which are not those that were sent", len(got))
	}
	clear(closes)
	c.Post((*Conn).Close)
	poll(t, l, func() bool { return closed })
	if closes[number] != 1 || cause != nil {
		t.Errorf("close was called %d times, the cause is %v", closes[number], cause)
	}
}
