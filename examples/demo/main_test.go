//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/millrace-net/millrace/examples/internal/app"
	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

func TestMain(m *testing.M) { clienttest.Main(m) }

const patience = 20 * time.Second // bounds every wait

// demo is the program at work.
type demo struct {
	t     *testing.T
	cmd   *exec.Cmd
	temp  string            // its TMPDIR
	addrs map[string]string // by service
	tries map[string]string // the commands it prints, by service
	lines chan string       // what it prints after them; closed at its end
}

func start(t *testing.T, args ...string) *demo {
	t.Helper()
	d := &demo{t: t, temp: t.TempDir(), addrs: map[string]string{}, tries: map[string]string{}, lines: make(chan string, 1000)}
	d.cmd = exec.Command(clienttest.Binary(t, "."), args...)
	d.cmd.Env = append(os.Environ(), "TMPDIR="+d.temp)
	d.cmd.Stderr = os.Stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // ended already is as good
		for range d.lines {
		}
		_ = d.cmd.Wait() // waited for already is as good
	})
	go func() {
		defer close(d.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			d.lines <- s.Text()
		}
	}()
	for len(d.addrs) < 3 {
		where, try, ok := strings.Cut(d.line(), "   try: ")
		if !ok {
			continue
		}
		name, addr, _ := strings.Cut(where, ": listening on ")
		d.addrs[strings.TrimSpace(name)], d.tries[strings.TrimSpace(name)] = addr, try
	}
	return d
}

// line returns the next line the program prints.
func (d *demo) line() string {
	d.t.Helper()
	select {
	case line, ok := <-d.lines:
		if !ok {
			d.t.Fatal("the program has ended")
		}
		return line
	case <-time.After(patience):
		d.t.Fatal("the program prints nothing")
	}
	return ""
}

// interrupt sends SIGINT, as Ctrl-C does, and requires an orderly end that leaves nothing behind.
func (d *demo) interrupt() {
	d.t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGINT); err != nil {
		d.t.Fatal(err)
	}
	for line := range d.lines {
		d.t.Log(line)
	}
	if err := d.cmd.Wait(); err != nil {
		d.t.Error("after SIGINT:", err)
	}
	left, err := os.ReadDir(d.temp)
	if err != nil || len(left) != 0 {
		d.t.Errorf("left behind: %v, %v", left, err)
	}
}

func (d *demo) dial(service string) (net.Conn, *bufio.Reader) {
	d.t.Helper()
	network, address := app.ParseAddr(d.addrs[service])
	c, err := net.Dial(network, address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c, bufio.NewReader(c)
}

// get fetches a path of the web server.
func (d *demo) get(path string) string {
	d.t.Helper()
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			network, address := app.ParseAddr(d.addrs["http"])
			return new(net.Dialer).DialContext(ctx, network, address)
		},
		DisableKeepAlives: true,
	}, Timeout: patience}
	reply, err := client.Get("http://demo" + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != 200 {
		d.t.Fatalf("GET %s: %s, %v", path, reply.Status, err)
	}
	return string(body)
}

// talk sends a line and requires the answer to end with want.
func talk(t *testing.T, c net.Conn, lines *bufio.Reader, line, want string) {
	t.Helper()
	if _, err := fmt.Fprint(c, line); err != nil {
		t.Fatal(err)
	}
	for {
		got, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%q, %v; want %q", got, err, want)
		}
		if strings.HasSuffix(got, want) {
			return
		}
	}
}

// All three services answer, over TCP and over unix sockets, the traffic is counted, and SIGINT ends all in order.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	for _, row := range []struct {
		name  string
		args  []string
		tries map[string]string // what the commands to try begin with
	}{
		{"tcp", []string{"-http", "127.0.0.1:0", "-resp", "127.0.0.1:0", "-chat", "127.0.0.1:0"},
			map[string]string{"http": "curl http://127.0.0.1:", "resp": "redis-cli -h 127.0.0.1 -p ", "chat": "nc 127.0.0.1 "}},
		{"unix", []string{"-http", "unix:" + dir + "/h", "-resp", "unix:" + dir + "/r", "-chat", "unix:" + dir + "/c", "-loops", "3"},
			map[string]string{"http": "curl --unix-socket " + dir, "resp": "redis-cli -s " + dir, "chat": "nc -U " + dir}},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := start(t, row.args...)
			for name, want := range row.tries {
				if !strings.HasPrefix(d.tries[name], want) {
					t.Errorf("%s: try %q", name, d.tries[name])
				}
			}
			for _, name := range []string{"index.html", "style.css"} {
				file, err := page.ReadFile("page/" + name)
				if err != nil {
					t.Fatal(err)
				}
				if got := d.get("/" + strings.TrimPrefix(name, "index.html")); got != string(file) {
					t.Errorf("%s: got %q", name, got)
				}
			}
			if got := d.get("/hello"); got == "" {
				t.Error("GET /hello is empty")
			}
			store, replies := d.dial("resp")
			talk(t, store, replies, "PING\r\n", "+PONG\r\n")
			talk(t, store, replies, "SET key value\r\n", "+OK\r\n")
			talk(t, store, replies, "GET key\r\n", "value\r\n")
			ann, annLines := d.dial("chat")
			talk(t, ann, annLines, "ann\n", "goes to the room\n")
			bob, bobLines := d.dial("chat")
			talk(t, bob, bobLines, "bob\n", "goes to the room\n")
			talk(t, bob, annLines, "hello\n", "<bob> hello\n")
			if line := d.line(); !strings.Contains(line, "elements/s") {
				t.Errorf("instead of counters: %q", line)
			}
			ended := make(chan struct{})
			go func() { // the peers end their sides when they have heard the goodbye
				defer close(ended)
				for _, p := range []struct {
					io.Closer
					lines *bufio.Reader
				}{{ann, annLines}, {bob, bobLines}, {store, replies}} {
					if _, err := io.Copy(io.Discard, p.lines); err != nil {
						t.Error(err)
					}
					p.Close()
				}
			}()
			d.interrupt()
			<-ended
		})
	}
}

// A port in use is one line that names the flag, and exit code 1.
func TestPortInUse(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	other := start(t, "-http", "127.0.0.1:0", "-resp", "127.0.0.1:0", "-chat", "127.0.0.1:0")
	bin := clienttest.Binary(t, ".")
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, name := range []string{"http", "resp", "chat"} {
		for _, addr := range []string{busy.Addr().String(), other.addrs[name]} {
			args := []string{"-http", "127.0.0.1:0", "-resp", "127.0.0.1:0", "-chat", "127.0.0.1:0", "-" + name, addr}
			stdout, stderr, code := clienttest.RunCode(t, bin, args...)
			if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 ||
				!strings.HasPrefix(stderr, "demo: -"+name+" "+addr+": ") || !strings.Contains(stderr, "address already in use") {
				t.Errorf("-%s %s: exit code %d, %q, %q", name, addr, code, stdout, stderr)
			}
		}
	}
	if left, err := filepath.Glob(temp + "/millrace-demo-*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	other.interrupt()
}

// With nobody there, nothing is printed.
func TestSilence(t *testing.T) {
	d := start(t, "-http", "127.0.0.1:0", "-resp", "127.0.0.1:0", "-chat", "127.0.0.1:0", "-loops", "1")
	select {
	case line := <-d.lines:
		t.Errorf("printed %q", line)
	case <-time.After(2500 * time.Millisecond):
	}
	d.interrupt()
}
