//go:build linux

package httpd

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

// openFiles counts the descriptors of this process that are below dir.
func openFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if path, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(path, dir+"/") {
			n++
		}
	}
	return n
}

// TestPipelinedFiles: a client that asks for many files and reads none keeps one open. Then it gets all of them.
func TestPipelinedFiles(t *testing.T) {
	const requests = 200
	body := string(clienttest.Noise(300_000))
	root, dir := tree(t, map[string]string{"big": body})
	r := newRig(t, Config{Root: root})
	one := "GET /big HTTP/1.1\r\nHost: h\r\n\r\n" + get
	in := []byte(strings.Repeat(one, requests))
	for sent := 0; len(in) > 0; { // until the server reads no more
		n, err := unix.Write(r.fd, in)
		if err != nil {
			break
		}
		in = in[n:]
		if sent += n; n == 0 {
			t.Fatal("nothing is sent")
		}
		r.poll()
	}
	for range 20 {
		r.poll()
		if n := openFiles(t, dir); n > 1 {
			t.Fatalf("%d files are open", n)
		}
	}
	if n := openFiles(t, dir); n != 1 {
		t.Fatalf("%d files are open, want the one that waits", n)
	}
	r.write(in)
	r.settle()
	replies := parseReplies(t, r.got)
	if len(replies) != 2*requests {
		t.Fatalf("%d replies", len(replies))
	}
	for i, got := range replies {
		want := body
		if i%2 == 1 {
			want = helloBody
		}
		if got.status != 200 || string(got.body) != want {
			t.Fatalf("reply %d: %d, %d bytes", i, got.status, len(got.body))
		}
	}
	if n := openFiles(t, dir); n != 0 {
		t.Errorf("%d files are open at the end", n)
	}
}

// TestFileGivenUp: a client that goes amid a file leaves it closed.
func TestFileGivenUp(t *testing.T) {
	root, dir := tree(t, map[string]string{"big": string(clienttest.Noise(3 << 20))})
	for _, connection := range []string{"keep-alive", "close"} {
		r := newRig(t, Config{Root: root})
		r.write([]byte("GET /big HTTP/1.1\r\nHost: h\r\nConnection: " + connection + "\r\n\r\n"))
		r.poll()
		r.poll()
		if !r.read() || !bytes.HasPrefix(r.got, []byte("HTTP/1.1 200 ")) || openFiles(t, dir) != 1 {
			t.Fatalf("%s: %d files are open, got %.100q", connection, openFiles(t, dir), r.got)
		}
		r.hangUp()
		for range 5 {
			r.poll()
		}
		if n := openFiles(t, dir); n != 0 {
			t.Errorf("%s: %d files are open after the client went", connection, n)
		}
	}
}
