//go:build linux

package loop

import (
	"bytes"
	"math"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// rawPair is pair with the other end as a bare descriptor, whose use allocates nothing.
func rawPair(t testing.TB, l *Loop, h Handler, setup func(c *Conn)) int {
	t.Helper()
	_, peer := pair(t, l, h, setup)
	fd, err := unix.Dup(int(peer.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func write(fd int, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return unix.Write(fd, p)
}

// exchange sends request and polls until the whole of a reply of the given size is there.
func exchange(t testing.TB, l *Loop, fd int, request, reply []byte) {
	if _, err := write(fd, request); err != nil {
		t.Fatal(err)
	}
	for got := 0; got < len(reply); {
		if err := l.Poll(0); err != nil {
			t.Fatal(err)
		}
		n, err := unix.Read(fd, reply[got:])
		if err == nil {
			got += n
		} else if err != unix.EAGAIN {
			t.Fatal(os.NewSyscallError("read", err))
		}
	}
}

// Nothing is allocated for a message in the steady state, however it is delivered, answered or cut.
func TestMessagesAllocateNothing(t *testing.T) {
	page := []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	large := bytes.Repeat([]byte("0123456789abcdef"), 2<<10)
	owned := make([]byte, 3000)
	done := func([]byte) {}
	for _, tc := range []struct {
		name     string
		term     match.Terminator
		delivery Delivery
		receive  HandlerFunc
		request  string
		reply    int
	}{
		{"echo", match.None, Pieces, func(c *Conn, data []byte, _ bool) error { return c.Push(data) }, "sixty-four bytes", 16},
		{"line", match.CRLF, Whole, echoLine, "a line\r\n", 8},
		{"16 lines", match.CRLF, Whole, echoLine, strings.Repeat("a line\r\n", 16), 128},
		{"pieces", match.CRLF, Pieces, func(c *Conn, data []byte, found bool) error { return c.Push(data) }, "a line\r\n", 6},
		{"http", match.CRLFCRLF, Whole, func(c *Conn, data []byte, _ bool) error { return c.Push(page) }, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", len(page)},
		{"count and line", match.CRLF, Whole, func(c *Conn, data []byte, _ bool) error {
			if c.Terminator().Kind() == match.KindLiteral {
				c.SetTerminator(five)
			} else {
				c.SetTerminator(match.CRLF)
			}
			return c.Push(data)
		}, "12\r\nabcde", 7},
		{"a large reply", match.LF, Whole, func(c *Conn, _ []byte, _ bool) error { return c.Push(large) }, "x\n", len(large)},
		{"owned", match.LF, Whole, func(c *Conn, _ []byte, _ bool) error { return c.PushOwned(owned, done) }, "x\n", len(owned)},
		{"pause and resume", match.LF, Whole, func(c *Conn, data []byte, _ bool) error {
			c.Pause()
			c.Resume()
			return c.Push(data)
		}, "a\nb\nc\n", 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newTestLoop(t, Options{})
			fd := rawPair(t, l, tc.receive, func(c *Conn) { c.SetTerminator(tc.term); c.SetDelivery(tc.delivery) })
			request, reply := []byte(tc.request), make([]byte, tc.reply)
			one := func() { exchange(t, l, fd, request, reply) }
			for range 10 {
				one()
			}
			if n := testing.AllocsPerRun(200, one); n != 0 {
				t.Errorf("%v allocations a message", n)
			}
			half := len(request) / 2
			cut := func() {
				unix.Write(fd, request[:half])
				l.Poll(0)
				exchange(t, l, fd, request[half:], reply)
			}
			for range 10 {
				cut()
			}
			if n := testing.AllocsPerRun(200, cut); n != 0 {
				t.Errorf("%v allocations a message that comes in two parts", n)
			}
		})
	}
}

var five, _ = match.Count(5)

// Replies that come in posts and timers, with the output queued, allocate nothing either.
func TestPushFromOutsideAllocatesNothing(t *testing.T) {
	l := newTestLoop(t, Options{})
	var conn *Conn
	fd := rawPair(t, l, HandlerFunc(echoLine), func(c *Conn) { conn = c })
	reply := make([]byte, 10)
	message := []byte("0123456789")
	post := func() { conn.Push(message) }
	one := func() {
		l.Post(post)
		conn.PushAsync(message)
		exchange(t, l, fd, nil, reply)
		exchange(t, l, fd, nil, reply)
	}
	for range 10 {
		one()
	}
	if n := testing.AllocsPerRun(200, one); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

// An accepted connection is one allocation, of its Conn: what else accepting made would stay resident until the next
// collection, which an idle server does not come to. The runtime counts for the whole process, in which goroutines of
// other tests and the collector may allocate too, but not in every batch: the least of several is what accepting took.
func TestAcceptAllocatesTheConnOnly(t *testing.T) {
	const batch, batches = 200, 5
	l := newTestLoop(t, Options{AcceptBudget: batch})
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(*Conn) Handler { return idler{} })
	if err != nil {
		t.Fatal(err)
	}
	to := &unix.SockaddrInet4{Port: ln.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	accept := func(want int64) {
		for l.Stats().Conns < want {
			if err := l.Poll(0); err != nil {
				t.Fatal(err)
			}
		}
	}
	each, size := math.Inf(1), math.Inf(1)
	for i := range batches + 1 {
		connectMany(t, to, batch)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		accept(int64(i+1) * batch)
		runtime.ReadMemStats(&after)
		if i > 0 { // the first makes what a loop keeps
			each = min(each, float64(after.Mallocs-before.Mallocs)/batch)
			size = min(size, float64(after.TotalAlloc-before.TotalAlloc)/batch)
		}
	}
	if each > 1.05 || size > 224 { // 208, and 8 in the table
		t.Errorf("%.2f allocations and %.0f bytes a connection", each, size)
	}
}

// connectMany makes n connections, which end with the test.
func connectMany(t *testing.T, to unix.Sockaddr, n int) {
	t.Helper()
	for range n {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		if err := unix.Connect(fd, to); err != nil {
			t.Fatal(err)
		}
	}
}

// idler is a handler without a state.
type idler struct{}

func (idler) Receive(*Conn, []byte, bool) error { return nil }
