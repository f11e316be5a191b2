//go:build linux

package httpd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// noise is n bytes that are the same every time.
func noise(n int) string {
	p := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(p) // never fails
	return string(p)
}

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
		"inline": noise(inlineBytes), "queued": noise(inlineBytes + 1), "large.bin": noise(3 << 20), "hidden/echo": "file",
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

func TestDirectory(t *testing.T) {
	root, dir := tree(t, map[string]string{
		"d/<b>&\"'.txt": "", "d/a:b": "", "d/sub/x": "", "d/\xff": "", "d/evil.example/x": "", "full/index.html/x": "",
	})
	r := newRig(t, Config{Root: root})
	got := ask(t, r, "GET", "/d/")
	page := string(got.body)
	for _, want := range []string{
		"<title>Index of /d/</title>", `<a href="../">../</a>`, `<a href="sub/">sub/</a>`, `<a href="a%3Ab">a:b</a>`,
		`<a href="%3Cb%3E%26%22%27.txt">&lt;b&gt;&amp;&#34;&#39;.txt</a>`, "<a href=\"%FF\">\uFFFD</a>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the list lacks %s", want)
		}
	}
	if got.status != 200 || got.header.Get("Content-Type") != "text/html; charset=utf-8" || strings.Count(page, "<li>") != 6 {
		t.Errorf("%d %v\n%s", got.status, got.header, page)
	}
	if head := ask(t, r, "HEAD", "/d/"); head.header.Get("Content-Length") != fmt.Sprint(len(page)) || len(head.body) != 0 {
		t.Errorf("HEAD: %v", head.header)
	}
	if top := ask(t, r, "GET", "/"); !strings.Contains(string(top.body), `href="d/"`) || strings.Contains(string(top.body), "../") {
		t.Errorf("the root: %s", top.body)
	}
	if full := ask(t, r, "GET", "/full/"); full.status != 200 || !strings.Contains(string(full.body), "index.html/") {
		t.Errorf("an index that is a directory: %d %s", full.status, full.body)
	}
	for target, location := range map[string]string{
		"/d": "/d/", "/d?q=1": "/d/?q=1", "//d/evil.example": "/d/evil.example/", "/d/%65vil.example": "/d/evil.example/",
	} {
		got := ask(t, r, "GET", target)
		if got.status != 301 || got.header.Get("Location") != location {
			t.Errorf("%s: %d to %q, want %q", target, got.status, got.header.Get("Location"), location)
		}
	}
	for i := range maxListed {
		if err := os.WriteFile(filepath.Join(dir, "d/sub", fmt.Sprint(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if long := string(ask(t, r, "GET", "/d/sub/").body); strings.Count(long, "<li>") != maxListed+1 ||
		!strings.Contains(long, "There are more.") {
		t.Errorf("a long list has %d lines", strings.Count(long, "<li>"))
	}
}

func TestConditional(t *testing.T) {
	root, dir := tree(t, map[string]string{"f": "0123456789", "big": noise(100_000)})
	modified := time.Date(2024, 2, 29, 12, 0, 0, 500_000_000, time.UTC)
	for _, name := range []string{"f", "big"} {
		if err := os.Chtimes(filepath.Join(dir, name), modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	const at = "Thu, 29 Feb 2024 12:00:00 GMT"
	r := newRig(t, Config{Root: root})
	for _, tt := range []struct {
		fields string
		want   string // status, body, Content-Range
	}{
		{"", "200 0123456789 "},
		{"If-Modified-Since: " + at, "304  "},
		{"If-Modified-Since: Thursday, 29-Feb-24 12:00:00 GMT", "304  "},
		{"If-Modified-Since: Thu Feb 29 12:00:00 2024", "304  "},
		{"If-Modified-Since: Thu, 29 Feb 2024 12:00:01 GMT", "304  "},
		{"If-Modified-Since: Thu, 29 Feb 2024 11:59:59 GMT", "200 0123456789 "},
		{"If-Modified-Since: yesterday", "200 0123456789 "},
		{"If-Modified-Since: " + at + "\r\nIf-None-Match: \"x\"", "200 0123456789 "},
		{"Range: bytes=2-4", "206 234 bytes 2-4/10"},
		{"Range: bytes=7-", "206 789 bytes 7-9/10"},
		{"Range: bytes=-2", "206 89 bytes 8-9/10"},
		{"Range: bytes=-99", "206 0123456789 bytes 0-9/10"},
		{"Range: bytes=10-", "416 416 Range Not Satisfiable\n bytes */10"},
		{"Range: bytes=1-2,4-5", "200 0123456789 "},
		{"Range: bytes=2-4\r\nIf-Range: " + at, "206 234 bytes 2-4/10"},
		{"Range: bytes=2-4\r\nIf-Range: Thu, 29 Feb 2024 11:59:59 GMT", "200 0123456789 "},
		{"Range: bytes=2-4\r\nIf-Range: \"x\"", "200 0123456789 "},
	} {
		var fields []string
		if tt.fields != "" {
			fields = []string{tt.fields}
		}
		got := ask(t, r, "GET", "/f", fields...)
		short := fmt.Sprintf("%d %s %s", got.status, got.body, got.header.Get("Content-Range"))
		if short != tt.want || got.status < 400 && got.header.Get("Last-Modified") != at {
			t.Errorf("%s: %q, %v, want %q", tt.fields, short, got.header, tt.want)
		}
	}
	if got := ask(t, r, "HEAD", "/f", "Range: bytes=2-4"); got.status != 200 || got.header.Get("Content-Length") != "10" {
		t.Errorf("HEAD with a Range: %d %v", got.status, got.header)
	}
	if got := ask(t, r, "GET", "/big", "Range: bytes=10-60009"); string(got.body) != noise(100_000)[10:60010] {
		t.Errorf("a range of a long file: %d, %d bytes", got.status, len(got.body))
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
	body := noise(300_000)
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
	root, dir := tree(t, map[string]string{"big": noise(3 << 20)})
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
