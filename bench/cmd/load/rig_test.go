package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-net/millrace/internal/leaks"
)

// TestMain fails the package if a test leaves a descriptor or a goroutine behind.
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0))) // the load keeps one P, and the servers are in the same process
	if s, err := newStopper(); err == nil {           // what the runtime opens for the first one stays
		_ = s.close()
	}
	leaks.Main(m)
}

// serve starts a server that handles each connection, numbered from 0, on a goroutine of its own, and returns its
// address. It ends with the test.
func serve(t *testing.T, handle func(i int, nc net.Conn)) string {
	t.Helper()
	return serveOn(t, "tcp", "127.0.0.1:0", handle)
}

func serveOn(t *testing.T, network, address string, handle func(i int, nc net.Conn)) string {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for i := 0; ; i++ {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer nc.Close()
				handle(i, nc)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		running.Wait() // the load has closed its connections
	})
	if network == "unix" {
		return "unix:" + address
	}
	return ln.Addr().String()
}

// echo sends back what it gets.
func echo(_ int, nc net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := nc.Read(buf)
		if n > 0 {
			if _, err := nc.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// lines answers line n of a connection by whatever answer writes.
func lines(answer func(w *bufio.Writer, line []byte, n int)) func(int, net.Conn) {
	return func(_ int, nc net.Conn) {
		r, w := bufio.NewReaderSize(nc, 64<<10), bufio.NewWriterSize(nc, 64<<10)
		for n := 0; ; n++ {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			answer(w, line, n)
			if r.Buffered() == 0 && w.Flush() != nil {
				return
			}
		}
	}
}

// sameLine is the right answer.
func sameLine(w *bufio.Writer, line []byte, _ int) { _, _ = w.Write(line) }

// requests answers request n of a connection by reply(n), in pieces if it says so.
func requests(reply func(n int) string, piece int) func(int, net.Conn) {
	return func(_ int, nc net.Conn) {
		r := bufio.NewReader(nc)
		for n := 0; ; n++ {
			for line := []byte("x"); len(bytes.TrimSpace(line)) > 0; {
				var err error
				if line, err = r.ReadSlice('\n'); err != nil {
					return
				}
			}
			for p := []byte(reply(n)); len(p) > 0; {
				k := min(len(p), piece)
				if _, err := nc.Write(p[:k]); err != nil {
					return
				}
				p = p[k:]
			}
		}
	}
}

// patience is for tests whose server does not make the load wait: only a defect would.
var patience = limits{
	open: 10 * time.Second, connect: 10 * time.Second, first: 10 * time.Second, silence: 10 * time.Second,
	settle: 20 * time.Millisecond, drain: 10 * time.Second, leave: time.Second,
}

// haste is for tests whose server makes the load wait in vain.
var haste = limits{
	open: time.Second, connect: time.Second, first: 200 * time.Millisecond, silence: 200 * time.Millisecond,
	settle: 20 * time.Millisecond, drain: 200 * time.Millisecond, leave: 100 * time.Millisecond,
}

// parsed returns the options of a command line that is right.
func parsed(t *testing.T, l limits, args ...string) *options {
	t.Helper()
	o, err := parseOptions(append([]string{"-warmup", "10ms"}, args...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.limits = l
	return o
}

// well runs a load that has to succeed.
func well(t *testing.T, args ...string) *report {
	t.Helper()
	r, err := perform(parsed(t, patience, args...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// badly runs a load that has to find an error, and demands that it tells all of these.
func badly(t *testing.T, l limits, tells []string, args ...string) {
	t.Helper()
	r, err := perform(parsed(t, l, args...))
	if err == nil {
		t.Fatalf("no error, but %+v", r)
	}
	for _, text := range tells {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error %q does not tell %q", err, text)
		}
	}
}

// counter is a server's count.
type counter struct{ atomic.Int64 }

// counted counts what a handler reads of all connections, in bytes.
func (n *counter) counted(handle func(int, net.Conn)) func(int, net.Conn) {
	return func(i int, nc net.Conn) { handle(i, countedConn{nc, n}) }
}

type countedConn struct {
	net.Conn
	n *counter
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// socketPath is where a Unix socket can be: the path of a test's directory may be too long.
func socketPath(t *testing.T) string {
	dir, err := os.MkdirTemp("", "load")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}
