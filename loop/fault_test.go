//go:build linux

package loop

import (
	"bytes"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// faults counts the system calls of a loop and fails the k-th.
type faults struct {
	count, at int
	errno     syscall.Errno
	hit       string
}

// next counts a call and tells whether it is the one that fails.
func (f *faults) next(name string) bool {
	f.count++
	if f.count == f.at {
		f.hit = name
		return true
	}
	return false
}

// inject puts f before every call of l that a connection's life makes.
func (f *faults) inject(l *Loop) {
	calls := *l.calls
	real := *l.calls
	calls.Read = func(fd int, p []byte) (int, syscall.Errno) {
		if f.next("read") {
			return 0, f.errno
		}
		return real.Read(fd, p)
	}
	calls.EpollCtl = func(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno {
		if f.next("epoll_ctl") {
			return f.errno
		}
		return real.EpollCtl(epfd, op, fd, event)
	}
	calls.EpollWait = func(epfd int, events []unix.EpollEvent, ms int) (int, syscall.Errno) {
		if f.errno == unix.EINTR && f.next("epoll_wait") {
			return -1, f.errno
		}
		return real.EpollWait(epfd, events, ms)
	}
	calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
		if f.next("accept4") {
			return -1, f.errno
		}
		return real.Accept(fd, from)
	}
	calls.Shutdown = func(fd, how int) error {
		if f.next("shutdown") {
			return f.errno
		}
		return real.Shutdown(fd, how)
	}
	write, writev := l.sys.Calls.Write, l.sys.Calls.Writev
	l.sys.Calls.Write = func(fd int, p []byte) (int, syscall.Errno) {
		if f.next("write") {
			return -1, f.errno
		}
		return write(fd, p)
	}
	l.sys.Calls.Writev = func(fd int, iov []unix.Iovec) (int, syscall.Errno) {
		if f.next("writev") {
			return -1, f.errno
		}
		return writev(fd, iov)
	}
	l.calls = &calls
}

// TestEveryCallFailsOnce runs a scenario with the first, the second, … system call of the loop
// failing, with each errno, and checks each time that the loop still serves, that what came back is
// a prefix of what was sent, and all if the error was one that is to be retried, and that every
// connection that was opened was closed.
func TestEveryCallFailsOnce(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EINTR, unix.EAGAIN, unix.ECONNRESET, unix.EPIPE, unix.ENOMEM, unix.EMFILE, unix.ECONNABORTED} {
		runs := 0
		for k := 1; ; k++ {
			f := &faults{at: k, errno: errno}
			scenario(t, f)
			if f.hit == "" {
				break
			}
			runs++
		}
		if runs < 8 {
			t.Fatalf("%v: only %d calls were made to fail", errno, runs)
		}
	}
}

func scenario(t *testing.T, f *faults) {
	t.Helper()
	l := newTestLoop(t, Options{DrainTimeout: 20 * time.Millisecond, HighWater: 64 << 10})
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { c.SetTerminator(match.CRLF); return HandlerFunc(echoLine) })
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 2)
	f.inject(l)
	lines := strings.Repeat("a line\r\n", 20) + strings.Repeat("x", 40000) + "\r\nlast\r\n"
	got := talk(t, l, ln.Addr().String(), lines)
	if !strings.HasPrefix(lines, got) {
		t.Fatalf("%v at call %d (%s): what came back is no prefix of what was sent", f.errno, f.at, f.hit)
	}
	retried := f.errno == unix.EINTR || f.errno == unix.EAGAIN && f.hit != "epoll_ctl" && f.hit != "shutdown"
	if retried && f.hit != "shutdown" && got != lines {
		t.Fatalf("%v at call %d (%s): %d bytes of %d came back", f.errno, f.at, f.hit, len(got), len(lines))
	}
	f.at = 0 // the fault clears
	if again := talk(t, l, ln.Addr().String(), "again\r\n"); again != "again\r\n" {
		t.Fatalf("%v at call %d (%s): the next connection got %q", f.errno, f.at, f.hit, again)
	}
	poll(t, l, func() bool { s := l.Stats(); return s.Opened == s.Closed })
	l.Close()
}

// talk sends text on a new connection, ends it, and returns what comes back until the end.
func talk(t *testing.T, l *Loop, addr, text string) string {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, text)
	nc.(*net.TCPConn).CloseWrite()
	done := make(chan string, 1)
	go func() {
		var back bytes.Buffer
		nc.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.Copy(&back, nc) // a reset ends it as an end of stream does
		done <- back.String()
	}()
	var back string
	poll(t, l, func() bool {
		select {
		case back = <-done:
			return true
		default:
			return false
		}
	})
	return back
}
