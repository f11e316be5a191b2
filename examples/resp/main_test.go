//go:build linux

package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

func TestMain(m *testing.M) { clienttest.Main(m) }

// cli is redis-cli, talking to the server at addr.
type cli struct {
	t    *testing.T
	path string
	args []string
}

func newCLI(t *testing.T, addr string) cli {
	t.Helper()
	path := clienttest.Client(t, "redis-cli")
	if socket, ok := strings.CutPrefix(addr, "unix:"); ok {
		return cli{t, path, []string{"-s", socket}}
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return cli{t, path, []string{"-h", host, "-p", port}}
}

// want runs one command and compares what redis-cli prints.
func (c cli) want(reply string, args ...string) {
	c.t.Helper()
	if got := strings.TrimRight(clienttest.Run(c.t, c.path, slices.Concat(c.args, args)...), "\n"); got != reply {
		c.t.Errorf("%q: %q, want %q", args, got, reply)
	}
}

// wantWithin runs one command, which prints a number.
func (c cli) wantWithin(low, high int, args ...string) {
	c.t.Helper()
	got := strings.TrimRight(clienttest.Run(c.t, c.path, slices.Concat(c.args, args)...), "\n")
	if n, err := strconv.Atoi(got); err != nil || n < low || n > high {
		c.t.Errorf("%q: %q, want %d to %d", args, got, low, high)
	}
}

func TestRedisCLI(t *testing.T) {
	bin := clienttest.Binary(t, ".")
	for _, at := range []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "s")} {
		addr, stop := clienttest.Start(t, bin, "-addr", at)
		c := newCLI(t, addr)
		c.want("PONG", "PING")
		c.want("OK", "SET", "greeting", "hello, world", "EX", "100000")
		c.want("hello, world", "GET", "greeting")
		c.wantWithin(99_000, 100_000, "TTL", "greeting") // a busy machine may take a while
		c.want("1", "EXISTS", "greeting")
		c.want("2", "INCRBY", "n", "2")
		c.want("ERR value is not an integer or out of range", "INCR", "greeting")
		c.want("hello, world\n\n2", "MGET", "greeting", "none", "n")
		c.want("a\nb", "ECHO", "a\nb")
		c.want("ERR unknown command 'LPUSH', with args beginning with: 'l' '1' ", "LPUSH", "l", "1")
		c.want("greeting", "--scan", "--pattern", "g*")
		c.want("OK", "QUIT")
		stop()
	}
}

// TestRedisCLIScan scans more keys than one call answers.
func TestRedisCLIScan(t *testing.T) {
	addr, _ := clienttest.Start(t, clienttest.Binary(t, "."))
	c := newCLI(t, addr)
	args := []string{"MSET"}
	var keys []string
	for i := range 2000 {
		keys = append(keys, "key:"+strconv.Itoa(i))
		args = append(args, keys[i], "v")
	}
	c.want("OK", args...)
	got := strings.Fields(clienttest.Run(t, c.path, append(c.args, "--scan")...))
	slices.Sort(got)
	slices.Sort(keys)
	if !slices.Equal(got, keys) {
		t.Errorf("%d keys, want %d", len(got), len(keys))
	}
}

// TestBenchmark runs redis-benchmark with one command in flight for each connection, and with 16.
func TestBenchmark(t *testing.T) {
	path := clienttest.Client(t, "redis-benchmark")
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-loops", "2")
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, depth := range []string{"1", "16"} {
		out := clienttest.Run(t, path, "-h", host, "-p", port, "-t", "ping,set,get,incr,mset", "-c", "20", "-n", "4000", "-r", "1000", "-P", depth, "--csv")
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var tests []string
		for _, row := range rows[1:] {
			if rate, err := strconv.ParseFloat(row[1], 64); err != nil || rate <= 0 {
				t.Errorf("-P %s, %s: %q requests a second", depth, row[0], row[1])
			}
			tests = append(tests, row[0])
		}
		if want := []string{"PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"}; !slices.Equal(tests, want) {
			t.Errorf("-P %s: ran %q, want %q", depth, tests, want)
		}
	}
	// Keys that the load has made: 4,000 of each INCR, at random over 1,000 counters, in both runs.
	c := newCLI(t, addr)
	sum := 0
	counters := strings.Fields(clienttest.Run(t, c.path, append(c.args, "--scan", "--pattern", "counter:*")...))
	for _, n := range strings.Fields(clienttest.Run(t, c.path, slices.Concat(c.args, []string{"MGET"}, counters)...)) {
		v, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		sum += v
	}
	if sum != 8000 {
		t.Errorf("the counters sum up to %d, want 8000", sum)
	}
	stop()
}

// TestNetcat types commands with bare line ends.
func TestNetcat(t *testing.T) {
	sh := clienttest.Client(t, "sh")
	nc := clienttest.Client(t, "nc")
	addr, _ := clienttest.Start(t, clienttest.Binary(t, "."))
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`printf 'SET k "a b"\nGET k\nQUIT\n' | %s -w 10 %s %s`, nc, host, port)
	if got, want := clienttest.Run(t, sh, "-c", script), "+OK\r\n$3\r\na b\r\n+OK\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestDrain sends SIGTERM while a command is on its way: it is answered before the server ends.
func TestDrain(t *testing.T) {
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."))
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	if _, err := io.WriteString(c, "PING\r\n*2\r\n$4\r\nECHO\r\n$5\r\nhe"); err != nil {
		t.Fatal(err)
	}
	if line, err := r.ReadString('\n'); err != nil || line != "+PONG\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	ended := make(chan struct{})
	go func() {
		stop()
		close(ended)
	}()
	for { // until the listener is closed, and so the signal has come
		probe, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		_ = probe.Close()
		time.Sleep(time.Millisecond)
	}
	if _, err := io.WriteString(c, "llo\r\n"); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "$5\r\nhello\r\n" {
		t.Errorf("%q, %v", rest, err)
	}
	_ = c.Close()
	<-ended
}

// TestBadStart starts servers that cannot run: one line says why, and the exit code is 1.
func TestBadStart(t *testing.T) {
	bin := clienttest.Binary(t, ".")
	addr, _ := clienttest.Start(t, bin)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-addr", addr}, "address already in use"},
		{[]string{"-addr", addr, "-loops", "2"}, "address already in use"},
		{[]string{"-addr", "127.0.0.1:0", "-max-bulk", "-1"}, "MaxBulkBytes is -1"},
		{[]string{"-addr", "nonsense"}, "nonsense"},
	} {
		_, stderr, code := clienttest.RunCode(t, bin, c.args...)
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) || !strings.HasPrefix(stderr, "resp: ") {
			t.Errorf("%q: exit code %d, %q", c.args, code, stderr)
		}
	}
}
