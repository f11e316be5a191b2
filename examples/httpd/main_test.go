//go:build linux

package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

func TestMain(m *testing.M) { clienttest.Main(m) }

const hello = "Hello, world!\n"

// site makes a directory with the files.
func site(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestUnixSocket(t *testing.T) {
	curl := clienttest.Client(t, "curl")
	path := filepath.Join(t.TempDir(), "httpd.sock")
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-addr", "unix:"+path, "-loops", "2")
	if addr != "unix:"+path {
		t.Errorf("the ready line says %q", addr)
	}
	if got := clienttest.Run(t, curl, "-sS", "--unix-socket", path, "http://h/hello"); got != hello {
		t.Errorf("%q", got)
	}
	stop()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// TestNetcat sends what no well-behaved client would.
func TestNetcat(t *testing.T) {
	nc, sh := clienttest.Client(t, "nc"), clienttest.Client(t, "sh")
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."))
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		`GET /hello HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.0\r\n\r\n`: "HTTP/1.1 200 OK|HTTP/1.1 200 OK",
		`GET /hello HTTP/1.1\r\n\r\n`:                                       "HTTP/1.1 400 Bad Request",
		`GET /hello\r\n\r\n`:                                                "HTTP/1.1 400 Bad Request",
		`\r\n\r\n\r\n`:                                                      "",
		`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`:                                  "HTTP/1.1 505 HTTP Version Not Supported",
		`GET /hello HTTP/1.1\r\nHost: h\r\n  folded\r\n\r\n`:                "HTTP/1.1 400 Bad Request",
	} {
		out := clienttest.Run(t, sh, "-c", `printf "$1" | "$2" -N -w 10 "$3" "$4"`, "sh", in, nc, host, port)
		var got []string
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "HTTP/") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	stop()
}

// TestPortInUse: a second server on the port says so in one line and ends with code 1.
func TestPortInUse(t *testing.T) {
	bin := clienttest.Binary(t, ".")
	addr, stop := clienttest.Start(t, bin)
	for _, loops := range []string{"1", "2"} {
		_, stderr, code := clienttest.RunCode(t, bin, "-addr", addr, "-loops", loops)
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "httpd: ") ||
			!strings.Contains(stderr, "address already in use") {
			t.Errorf("-loops %s: code %d, %q", loops, code, stderr)
		}
	}
	_, stderr, code := clienttest.RunCode(t, bin, "-dir", "/nowhere/at/all")
	if code != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("a directory that is not there: code %d, %q", code, stderr)
	}
	stop()
}

// TestDrain: SIGTERM lets a request that has begun end, and closes idle connections.
func TestDrain(t *testing.T) {
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."))
	idle := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	defer idle.CloseIdleConnections()
	if res, err := idle.Get("http://" + addr + "/hello"); err != nil || res.StatusCode != 200 || res.Body.Close() != nil {
		t.Fatal(res, err)
	}
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	send := func(s string) {
		t.Helper()
		if _, err := nc.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n")
	got := make([]byte, 1000)
	if n, err := nc.Read(got); err != nil || string(got[:n]) != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("%q, %v", got[:n], err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	for { // until the server has stopped listening
		probe, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		_ = probe.Close()
		time.Sleep(5 * time.Millisecond)
	}
	send("abc")
	send("def")
	var reply bytes.Buffer
	if _, err := reply.ReadFrom(nc); err != nil || !strings.HasPrefix(reply.String(), "HTTP/1.1 200 OK\r\n") ||
		!strings.HasSuffix(reply.String(), "\r\n\r\nabcdef") {
		t.Errorf("%q, %v", reply.String(), err)
	}
	_ = nc.Close()
	<-stopped
}
