//go:build linux

package loop

import (
	"bytes"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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
