//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
	"github.com/millrace-net/millrace/loop"
)

func TestMain(m *testing.M) { clienttest.Main(m) }

var large = clienttest.Noise(4 << 20)

// site is a server of package net/http; first may hold a path up.
func site(t *testing.T, network, address string, first <-chan struct{}) (url string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s close=%t\n", r.Method, r.Host, r.RequestURI, r.Close)
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(large) }) // chunked
	mux.HandleFunc("/held", func(w http.ResponseWriter, _ *http.Request) {
		<-first
		_, _ = io.WriteString(w, "held\n")
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "begun\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(mux)
	_ = s.Listener.Close()
	s.Listener = ln
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// TestMany fetches from servers of both address families, by name too, and keeps the bodies in order and whole: the first is the
// last to come, the second waits and is longer than what is held.
func TestMany(t *testing.T) {
	first := make(chan struct{})
	v4, v6 := site(t, "tcp", "127.0.0.1:0", first), site(t, "tcp", "[::1]:0", nil)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(v4, "http://"))
	time.AfterFunc(100*time.Millisecond, func() { close(first) })
	named := "localhost:" + port
	got := clienttest.Run(t, clienttest.Binary(t, "."), v4+"/held", v6+"/large", v6+"/hello?a=b c", "http://"+named+"/hello")
	want := "held\n" + string(large) + "GET " + strings.TrimPrefix(v6, "http://") + " /hello?a=b%20c close=true\n" +
		"GET " + named + " /hello close=true\n"
	if got != want {
		t.Errorf("%d bytes, want %d: %.100q", len(got), len(want), got)
	}
}

// TestHTTPD fetches a file from the example server, to a file.
func TestHTTPD(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "large.bin"), large, 0o600); err != nil {
		t.Fatal(err)
	}
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "../httpd"), "-dir", dir)
	out := filepath.Join(dir, "out")
	stdout := clienttest.Run(t, clienttest.Binary(t, "."), "-o", out, "http://"+addr+"/large.bin", "http://"+addr+"/hello")
	want := append(bytes.Clone(large), "Hello, world!\n"...)
	if got, err := os.ReadFile(out); err != nil || stdout != "" || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; %q on standard output", len(got), err, stdout)
	}
	stop()
}

// unanswered is the address of a listener whose queue is full: nobody answers there.
func unanswered(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", sa.(*unix.SockaddrInet4).Port)
	for range 4 {
		nc, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { _ = nc.Close() })
	}
	t.Fatal("the queue is never full")
	return ""
}

// free is an address on which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// TestFailures: what cannot be had is told in one line, the rest is fetched, and the code is 1.
func TestFailures(t *testing.T) {
	never := make(chan struct{})
	url := site(t, "tcp", "127.0.0.1:0", never)
	t.Cleanup(func() { close(never) }) // before the server's
	dir := t.TempDir()
	for _, tt := range []struct{ url, says, stdout string }{
		{"http://" + free(t) + "/", "connection refused", ""},
		{"http://255.255.255.255/", "network is unreachable", ""},
		{"http://no..such/", "no such host", ""},
		{"http://" + unanswered(t) + "/", "nothing came for 300ms", ""},
		{url + "/held", "nothing came for 300ms", ""},
		{url + "/none", "404 Not Found", ""},
		{url + "/cut", "cut short", "begun\n"},
		{"https://127.0.0.1/", `scheme "https" is not http`, ""},
		{"http://me@127.0.0.1/", "user", ""},
		{"127.0.0.1/x", `scheme "" is not http`, ""},
		{"http:///x", "no host", ""},
		{"http://127.0.0.1:99999/", "99999", ""},
		{"http://127.0.0.1/\x01", "invalid control character", ""},
	} {
		stdout, stderr, code := clienttest.RunCode(t, clienttest.Binary(t, "."), "-timeout", "300ms", tt.url, url+"/hello")
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "httpget: "+tt.url+": ") ||
			!strings.Contains(stderr, tt.says) || !strings.HasPrefix(stdout, tt.stdout+"GET 127.0.0.1:") {
			t.Errorf("%s: code %d, %q, %q", tt.url, code, stderr, stdout)
		}
	}
	out := filepath.Join(dir, "out")
	_, _, code := clienttest.RunCode(t, clienttest.Binary(t, "."), "-o", out, url+"/none")
	if _, err := os.Stat(out); code != 1 || !os.IsNotExist(err) {
		t.Errorf("a file for nothing: code %d, %v", code, err)
	}
	_, stderr, code := clienttest.RunCode(t, clienttest.Binary(t, "."), "-o", dir+"/no/where", url+"/large", url+"/hello")
	if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "no such file") {
		t.Errorf("no place for the output: code %d, %q", code, stderr)
	}
	if _, _, code := clienttest.RunCode(t, clienttest.Binary(t, ".")); code != 2 {
		t.Errorf("no URL: code %d", code)
	}
}

// arrives waits until there is something to read.
func arrives(t *testing.T, fd int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if n, err := unix.IoctlGetInt(fd, unix.TIOCINQ); n > 0 || err != nil {
			return
		}
	}
	t.Fatal("nothing comes")
}

// TestOrder looks at the bodies after every round: what comes early waits, up to a bound.
func TestOrder(t *testing.T) {
	first := make(chan struct{})
	url := site(t, "tcp", "127.0.0.1:0", first)
	l, err := loop.NewLoop(loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out := filepath.Join(t.TempDir(), "out")
	to := &sink{path: out}
	b := begin(l, []string{url + "/held", url + "/large", url + "/hello"}, to, 10*time.Second)
	for held := true; l.Len() > 0; {
		if err := l.Rounds(-1, 1); err != nil {
			t.Fatal(err)
		}
		if err := b.check(); err != nil {
			t.Fatal(err)
		}
		if held && len(b.fetches[1].held) >= maxHeld {
			held = false
			b.fetches[1].onTimer() // it waits for its turn
			close(first)
			arrives(t, b.fetches[0].channel.FD())
			b.fetches[0].onTimer() // the loop has been held up
			if b.fetches[0].err != nil || b.fetches[1].err != nil {
				t.Fatal(b.fetches[0].err, b.fetches[1].err)
			}
		}
	}
	if err := to.close(true); err != nil || b.err != nil {
		t.Error(err, b.err)
	}
	got, err := os.ReadFile(out)
	want := append([]byte("held\n"), large...)
	if err != nil || !bytes.HasPrefix(got, want) || !bytes.HasPrefix(got[len(want):], []byte("GET 127.0.0.1:")) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestAddresses: a name has many addresses, of which some do not answer: at once, after a moment, or at all.
func TestAddresses(t *testing.T) {
	url := site(t, "tcp", "127.0.0.1:0", nil)
	l, err := loop.NewLoop(loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to := &sink{path: filepath.Join(t.TempDir(), "out")}
	b := &bodies{to: to, abort: l.CloseAll}
	f := &fetch{loop: l, bodies: b, name: url + "/hello", timeout: 10 * time.Second}
	b.fetches = []*fetch{f}
	if _, err := f.prepare(); err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"255.255.255.255", "::1", "127.0.0.2", "::ffff:127.0.0.1", "127.0.0.3"} {
		f.addrs = append(f.addrs, netip.MustParseAddr(a))
	}
	f.start()
	if err := l.Rounds(-1, -1); err != nil || f.err != nil || b.err != nil {
		t.Fatal(err, f.err, b.err)
	}
	if err := to.close(true); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(to.path); err != nil || !strings.HasPrefix(string(got), "GET 127.0.0.1:") {
		t.Errorf("%q, %v", got, err)
	}
}
