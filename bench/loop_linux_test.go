package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
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
	ours     loop.Factory
	std      func(nc net.Conn)
}

const page = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, World!"

var get = "GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"

func workloads() []workload {
	echo, line := strings.Repeat("e", 64), strings.Repeat("l", 30)+"\r\n"
	lines := func(n int) workload {
		return workload{fmt.Sprintf("lines-32B-depth-%d", n), strings.Repeat(line, n), strings.Repeat(line, n), n, lineFactory, stdLines}
	}
	http := func(n int) workload {
		return workload{fmt.Sprintf("http-depth-%d", n), strings.Repeat(get, n), strings.Repeat(page, n), n, httpFactory, stdHTTP}
	}
	stream := strings.Repeat("s", 64<<10)
	return []workload{
		{"echo-64B", echo, echo, 1, echoFactory, stdEcho},
		lines(1), lines(16), lines(128),
		http(1), http(16),
		{"stream-64KiB", stream, stream, 1, echoFactory, stdEcho},
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

func stdEcho(nc net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := nc.Read(buf)
		if err != nil {
			return
		}
		if _, err := nc.Write(buf[:n]); err != nil {
			return
		}
	}
}

// stdLines is the best form of a line server on package net: it flushes when nothing more is buffered.
func stdLines(nc net.Conn) {
	r, w := bufio.NewReaderSize(nc, 64<<10), bufio.NewWriterSize(nc, 64<<10)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		w.Write(line)
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}

func stdHTTP(nc net.Conn) {
	r, w := bufio.NewReaderSize(nc, 64<<10), bufio.NewWriterSize(nc, 64<<10)
	for {
		first := true
		for {
			line, err := r.ReadSlice('\n')
			if err != nil || first && !bytes.HasPrefix(line, []byte("GET /hello ")) {
				return
			}
			first = false
			if len(line) == 2 {
				break
			}
		}
		w.WriteString(page)
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}

// BenchmarkServer runs each workload over loopback against a server on this library and one on package net. The
// server is a process of its own on the first processor, the client, the same for both, is on the last. ns/msg is the
// time of a message, there and back; server-ns/msg is the server's processor time, user and system, from its schedstat.
func BenchmarkServer(b *testing.B) {
	for _, w := range workloads() {
		for _, conns := range []int{1, 64} {
			for _, lib := range []string{"millrace", "net"} {
				b.Run(fmt.Sprintf("%s/conns-%d/%s", w.name, conns, lib), func(b *testing.B) { drive(b, lib, w, conns) })
			}
		}
	}
}

// drive sends a request on every connection, then takes every reply, until b.N messages have gone; it checks each reply.
func drive(b *testing.B, lib string, w workload, conns int) {
	server := startServer(b, lib, w.name)
	restore := pinThread(b, lastCPU)
	defer restore()
	files := make([]*os.File, conns)
	for i := range files {
		nc, err := net.Dial("tcp", server.addr)
		if err != nil {
			b.Fatal(err)
		}
		if files[i], err = nc.(*net.TCPConn).File(); err != nil {
			b.Fatal(err)
		}
		nc.Close()
		if err := unix.SetNonblock(int(files[i].Fd()), false); err != nil { // without the runtime's poller
			b.Fatal(err)
		}
		defer files[i].Close()
	}
	request, reply, got := []byte(w.request), []byte(w.reply), make([]byte, len(w.reply))
	b.ReportAllocs()
	b.SetBytes(int64(len(w.request) / w.messages))
	b.ResetTimer()
	before := server.cpuTime(b)
	sent := 0
	for sent < b.N {
		for _, f := range files {
			if _, err := f.Write(request); err != nil {
				b.Fatal(err)
			}
		}
		for _, f := range files {
			if _, err := io.ReadFull(f, got); err != nil || !bytes.Equal(got, reply) {
				b.Fatalf("a wrong reply, %v", err)
			}
			sent += w.messages
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(server.cpuTime(b)-before)/float64(sent), "server-ns/msg")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(sent), "ns/msg")
}

// BenchmarkLoop is one round of a loop over a socket pair, polled by the benchmark itself: no scheduling, no TCP.
func BenchmarkLoop(b *testing.B) {
	for _, w := range workloads()[:6] {
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
	if err := l.Adopt(fds[0], w.ours); err != nil {
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
