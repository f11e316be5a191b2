//go:build linux

package loop

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lasting duplicates a descriptor, so that its open file lives on when it is closed.
func lasting(t *testing.T, fd int) int {
	t.Helper()
	own, err := unix.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(own) })
	return own
}

// isCalm sees that nothing wakes the loop: it returns from epoll_wait for the time that it was given, and not for
// events.
func isCalm(t *testing.T, l *Loop) {
	t.Helper()
	rounds(t, l, 3)
	before := l.Stats().Events
	for range 50 {
		if err := l.Poll(time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.Stats().Events - before; n > 2 {
		t.Fatalf("%d events in 50 rounds in which nothing happens", n)
	}
}

// Scenario 7: a connection is closed whose open file lives on in a duplicate of its descriptor. Its peer goes on
// sending, which makes the file readable, and in the end hangs up; the loop is not woken by it, and serves the
// others.
func TestScenario07DuplicateLivesOn(t *testing.T) {
	for name, end := range map[string]func(c *Conn){
		"close":           (*Conn).Close,
		"failed":          func(c *Conn) { c.CloseCause(unix.EIO) },
		"with the output": func(c *Conn) { c.Push(make([]byte, 1<<20)); c.Post((*Conn).Close) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newTestLoop(t, Options{})
			closed := false
			c, peer := barePair(t, l, &hooks{closed: func(*Conn, error) { closed = true }}, nil)
			lasting(t, int(c.fd))
			c.Post(end)
			poll(t, l, func() bool { return closed })
			fill(peer)
			hear(peer, nil)
			isCalm(t, l)
			if err := unix.Shutdown(peer, unix.SHUT_RDWR); err != nil {
				t.Fatal(err)
			}
			isCalm(t, l)
		})
	}
}

// So it is with a listener, which is shared with a child process as often as not.
func TestScenario07DuplicateOfAListener(t *testing.T) {
	l := newTestLoop(t, Options{})
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(*Conn) Handler { return &hooks{} })
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 2)
	dup := lasting(t, ln.acceptors[0].fd)
	ln.Close()
	poll(t, l, func() bool { return l.Len() == 0 })
	if err := unix.Listen(dup, 8); err != nil { // Close has shut it down, for whoever has it
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(dup) // the kernel has given it another port
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, sa); err != nil {
		t.Fatal(err)
	}
	isCalm(t, l)
}

// And with a dispatcher.
func TestScenario07DuplicateOfADispatcher(t *testing.T) {
	l := newTestLoop(t, Options{})
	fds, err := unixPair(0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	ch, err := l.AddOwned(fds[0], &pipeDispatcher{limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 2)
	lasting(t, ch.fd)
	ch.Close()
	poll(t, l, func() bool { return l.Len() == 0 })
	say(t, fds[1], "x")
	isCalm(t, l)
}
