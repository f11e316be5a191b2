//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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

// noise is n bytes that are the same every time.
func noise(n int) []byte {
	p := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{2})
	_, _ = rng.Read(p) // never fails
	return p
}

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

// TestCurl drives the server with curl as people do.
func TestCurl(t *testing.T) {
	curl := clienttest.Client(t, "curl")
	large := noise(10 << 20)
	dir := site(t, map[string][]byte{
		"page.html": []byte("<p>A page"), "large.bin": large, "1MiB": large[:1<<20], "small": []byte("0123456789"),
	})
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir)
	out := filepath.Join(t.TempDir(), "out")
	url := "http://" + addr
	const status = "%{http_code} %{num_connects} %{size_download}"
	for _, tt := range []struct {
		name string
		args []string
		want string // of standard output
		body []byte // of the file out
	}{
		{"GET", []string{url + "/hello"}, hello, nil},
		{"1.0", []string{"--http1.0", url + "/hello"}, hello, nil},
		{"1.0 kept", []string{"--http1.0", "-H", "Connection: keep-alive", url + "/hello", url + "/hello"}, hello + hello, nil},
		{"one connection", []string{"-o", out, "-w", status + "\n", url + "/hello", "-o", out, url + "/small", "-o", out, url + "/none"},
			"200 1 14\n200 0 10\n404 0 14\n", []byte("404 Not Found\n")},
		{"file", []string{"-o", out, "-w", status, url + "/large.bin"}, fmt.Sprint("200 1 ", len(large)), large},
		{"range", []string{"-r", "2-4", url + "/small"}, "234", nil},
		{"last bytes", []string{"-r", "-3", url + "/small"}, "789", nil},
		{"large range", []string{"-o", out, "-r", "1000000-4999999", "-w", status, url + "/large.bin"},
			"206 1 4000000", large[1000000:5000000]},
		{"POST", []string{"-d", "a=b", url + "/echo"}, "a=b", nil},
		{"upload", []string{"-o", out, "--data-binary", "@" + dir + "/1MiB", "-w", status, url + "/echo"},
			fmt.Sprint("200 1 ", 1<<20), large[:1<<20]},
		{"upload too large", []string{"--data-binary", "@" + dir + "/large.bin", "-w", status, url + "/echo"},
			"413 Content Too Large\n413 1 22", nil},
		{"upload too large, unasked", []string{"-H", "Expect:", "--data-binary", "@" + dir + "/large.bin", "-w", status, url + "/echo"},
			"413 Content Too Large\n413 1 22", nil},
		{"upload chunked", []string{"-H", "Transfer-Encoding: chunked", "-d", "x", "-w", status, url + "/echo"},
			"501 Not Implemented\n501 1 20", nil},
		{"upload astray", []string{"-d", "x", "-w", status, url + "/hello"}, "405 Method Not Allowed\n405 1 23", nil},
		{"above", []string{"--path-as-is", "-w", status, url + "/../../etc/passwd"}, "404 Not Found\n404 1 14", nil},
		{"OPTIONS", []string{"-X", "OPTIONS", "--request-target", "*", "-o", out, "-w", "%header{allow}", url}, "GET, HEAD, POST", nil},
		{"a long header", []string{"-H", "X: " + strings.Repeat("x", 20_000), "-w", status, url + "/hello"},
			"431 Request Header Fields Too Large\n431 1 36", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := clienttest.Run(t, curl, append([]string{"-sS", "--max-time", "30"}, tt.args...)...)
			if got != tt.want {
				t.Errorf("got  %.300q\nwant %.300q", got, tt.want)
			}
			if tt.body != nil {
				if data, err := os.ReadFile(out); err != nil || !bytes.Equal(data, tt.body) {
					t.Errorf("%d bytes, want %d: %v", len(data), len(tt.body), err)
				}
			}
		})
	}
	head := clienttest.Run(t, curl, "-sSI", url+"/page.html")
	if !strings.HasPrefix(head, "HTTP/1.1 200 OK\r\n") || !strings.Contains(head, "Content-Length: 9\r\n") ||
		!strings.Contains(head, "Content-Type: text/html; charset=utf-8\r\n") || !strings.Contains(head, "\r\nDate: ") {
		t.Errorf("curl -I: %s", head)
	}
	date := clienttest.Run(t, curl, "-sSI", "-o", out, "-w", "%header{last-modified}", url+"/small")
	if got := clienttest.Run(t, curl, "-sS", "-z", date, "-w", status, url+"/small"); got != "304 1 0" {
		t.Errorf("curl -z %q: %q", date, got)
	}
	stop()
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
	if _, stderr, code := clienttest.RunCode(t, bin, "-dir", "/nowhere/at/all"); code != 1 || strings.Count(stderr, "\n") != 1 {
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
