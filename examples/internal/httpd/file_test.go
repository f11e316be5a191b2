//go:build linux

package httpd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

// ask sends one request on a connection of its own.
func ask(t *testing.T, r *rig, method, target string, fields ...string) reply {
	t.Helper()
	r.connect()
	in := method + " " + target + " HTTP/1.1\r\nHost: h\r\n"
	for _, f := range fields {
		in += f + "\r\n"
	}
	got, _ := r.exchange([]byte(in + "\r\n"))
	replies := parseReplies(t, got, method)
	if len(replies) != 1 {
		t.Fatalf("%s %s: %d replies: %.500q", method, target, len(replies), got)
	}
	return replies[0]
}

func TestFiles(t *testing.T) {
	files := map[string]string{
		"a.txt": "abc", "empty": "", "site/index.html": "<p>hi", "sub/b.JSON": "{}", "sub/x y&<'\">.css": "c",
		"inline": string(clienttest.Noise(inlineBytes)), "queued": string(clienttest.Noise(inlineBytes + 1)), "large.bin": string(clienttest.Noise(3 << 20)), "hidden/echo": "file",
	}
	root, _ := tree(t, files)
	r := newRig(t, Config{Root: root})
	for _, tt := range []struct {
		target, file, kind string
	}{
		{"/a.txt", "a.txt", textPlain},
		{"//./a.txt?x=/../y", "a.txt", textPlain},
		{"/%61.txt", "a.txt", textPlain},
		{"/empty", "empty", "application/octet-stream"},
		{"/site/", "site/index.html", "text/html; charset=utf-8"},
		{"/site/index.html", "site/index.html", "text/html; charset=utf-8"},
		{"/sub/b.JSON", "sub/b.JSON", "application/json"},
		{"/sub/x%20y&%3c'%22%3E.css", "sub/x y&<'\">.css", "text/css; charset=utf-8"},
		{"/inline", "inline", "application/octet-stream"},
		{"/queued", "queued", "application/octet-stream"},
		{"/large.bin", "large.bin", "application/octet-stream"},
		{"/hidden/echo", "hidden/echo", "application/octet-stream"},
	} {
		want := files[tt.file]
		for _, method := range []string{"GET", "HEAD"} {
			got := ask(t, r, method, tt.target)
			body := want
			if method == "HEAD" {
				body = ""
			}
			if got.status != 200 || string(got.body) != body || got.header.Get("Content-Type") != tt.kind ||
				got.header.Get("Content-Length") != fmt.Sprint(len(want)) || got.header.Get("Accept-Ranges") != "bytes" {
				t.Errorf("%s %s: %d, %d bytes, %v", method, tt.target, got.status, len(got.body), got.header)
			}
		}
	}
}

// TestGoneAmidAFile: a client that goes while a file waits for it is forgotten at once, and not when some time limit is over.
func TestGoneAmidAFile(t *testing.T) {
	root, _ := tree(t, map[string]string{"large.bin": string(clienttest.Noise(3 << 20))})
	r := newRig(t, Config{Root: root})
	r.write([]byte("GET /large.bin HTTP/1.1\r\nHost: h\r\n\r\n"))
	for range 5 {
		r.poll()
	}
	if n := r.loop.Len(); n != 1 {
		t.Fatalf("%d connections amid the file", n)
	}
	r.hangUp()
	for range 5 {
		r.poll()
	}
	if n := r.loop.Len(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// TestRefusedFiles: nothing outside of the directory is served, nor what is no file.
func TestRefusedFiles(t *testing.T) {
	outer, dir := tree(t, map[string]string{"secret": "s", "www/a": "a", "www/private": "p"})
	root, err := outer.OpenRoot("www")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	www := filepath.Join(dir, "www")
	for name, target := range map[string]string{
		"link": "a", "up": "../secret", "abs": filepath.Join(dir, "secret"), "updir": "..", "loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(www, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(www, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, Config{Root: root})
	for target, want := range map[string]int{
		"/a": 200, "/link": 200, "/none": 404, "/a/": 404, "/a/b": 404, "/fifo": 403,
		"/up": 404, "/abs": 404, "/updir": 404, "/updir/secret": 404, "/loop": 404,
		"/../secret": 404, "/%2e%2e/secret": 404, "/.%2E/secret": 404, "/x/../../secret": 404, "/..%2fsecret": 404,
		"/..%5csecret": 404, "/..\\secret": 404, "/%2fetc/passwd": 404, "//etc/passwd": 404, "/" + dir + "/secret": 404,
		"/a%00": 400, "/a%0": 400, "/%zz": 400, "/" + strings.Repeat("n", 300): 404,
	} {
		if got := ask(t, r, "GET", target); got.status != want || want != 200 && strings.Contains(string(got.body), "s\n\n") {
			t.Errorf("%s: %d %q, want %d", target, got.status, got.body, want)
		}
	}
}

func TestPermission(t *testing.T) {
	if got := statusOf(&os.PathError{Op: "open", Path: "x", Err: unix.EACCES}); got != 403 {
		t.Errorf("EACCES: %d", got)
	}
	for errno, want := range map[unix.Errno]int{
		unix.ENOENT: 404, unix.ENOTDIR: 404, unix.ELOOP: 404, unix.ENAMETOOLONG: 404, unix.EPERM: 403,
		unix.EMFILE: 503, unix.ENFILE: 503, unix.ENOMEM: 503, unix.EIO: 500,
	} {
		if got := statusOf(os.NewSyscallError("openat", errno)); got != want {
			t.Errorf("%v: %d, want %d", errno, got, want)
		}
	}
}

// TestShrunk: a file that became shorter after stat is an error, not a short reply.
func TestShrunk(t *testing.T) {
	root, dir := tree(t, map[string]string{"f": "0123456789"})
	r := newRig(t, Config{Root: root})
	f, info, status := open(root, "f")
	if status != 0 {
		t.Fatal(status)
	}
	if err := os.Truncate(filepath.Join(dir, "f"), 5); err != nil {
		t.Fatal(err)
	}
	r.worker.clock.read()
	r.worker.req = request{method: methodGet, minor: 1}
	for c := range r.loop.Conns {
		if err := r.worker.sendFile(c, f, info, "f"); err != nil {
			t.Fatal(err)
		}
	}
	got, closed := r.exchange()
	if short := abridge(parseReplies(t, got)); short != `500 "500 Internal Server Error\n" close` || !closed {
		t.Errorf("%s, closed %v", short, closed)
	}
}
