package bench

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// workload is what one client connection sends in a round, and what it must get back.
type workload struct {
	name     string
	request  string
	reply    string
	messages int // in a request
	serve    loop.Factory
}

const page = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, World!"

var get = "GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"

func workloads() []workload {
	echo, line := strings.Repeat("e", 64), strings.Repeat("l", 30)+"\r\n"
	lines := func(n int) workload {
		return workload{fmt.Sprintf("lines-32B-depth-%d", n), strings.Repeat(line, n), strings.Repeat(line, n), n, lineFactory}
	}
	http := func(n int) workload {
		return workload{fmt.Sprintf("http-depth-%d", n), strings.Repeat(get, n), strings.Repeat(page, n), n, httpFactory}
	}
	return []workload{
		{"echo-64B", echo, echo, 1, echoFactory},
		lines(1), lines(16), lines(128),
		http(1), http(16),
	}
}

func echoFactory(c *loop.Conn) loop.Handler {
	c.SetDelivery(loop.Pieces)
	return loop.HandlerFunc(func(c *loop.Conn, data []byte, _ bool) error { return c.Push(data) })
}

func lineFactory(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.CRLF)
	return loop.HandlerFunc(func(c *loop.Conn, line []byte, _ bool) error {
		if err := c.Push(line); err != nil {
			return err
		}
		return c.Push(match.CRLF.Bytes())
	})
}

func httpFactory(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.CRLFCRLF)
	return loop.HandlerFunc(func(c *loop.Conn, head []byte, _ bool) error {
		if !bytes.HasPrefix(head, []byte("GET /hello ")) {
			return loop.ErrOption
		}
		return c.PushString(page)
	})
}

// BenchmarkLoop is one round of a loop over a socket pair, polled by the benchmark itself: no scheduling, no TCP.
func BenchmarkLoop(b *testing.B) {
	for _, w := range workloads() {
		b.Run(w.name, func(b *testing.B) { pollPair(b, w) })
	}
}

func pollPair(b *testing.B, w workload) {
	l, err := loop.NewLoop(loop.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fds[1])
	if err := l.Adopt(fds[0], w.serve); err != nil {
		b.Fatal(err)
	}
	request, reply, got := []byte(w.request), []byte(w.reply), make([]byte, len(w.reply))
	b.ReportAllocs()
	b.SetBytes(int64(len(w.request) / w.messages))
	b.ResetTimer()
	for sent := 0; sent < b.N; sent += w.messages {
		if _, err := unix.Write(fds[1], request); err != nil {
			b.Fatal(err)
		}
		for n := 0; n < len(got); {
			if err := l.Poll(0); err != nil {
				b.Fatal(err)
			}
			if m, err := unix.Read(fds[1], got[n:]); err == nil {
				n += m
			}
		}
		if !bytes.Equal(got, reply) {
			b.Fatal("a wrong reply")
		}
	}
}
