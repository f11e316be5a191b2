//go:build linux

package httpd

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop"
)

// rig is a loop that the test polls itself, with one client on a socket pair: what the server sees of a request,
// and when, is up to the test alone.
type rig struct {
	t      testing.TB
	loop   *loop.Loop
	worker *worker
	fd     int // the client's end; -1 when closed
	got    []byte
	eof    bool
	make   loop.Factory
}

// newRig starts a server of cfg with a client.
func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	l, err := loop.NewLoop(Options())
	if err != nil {
		t.Fatal(err)
	}
	factory := New(cfg)
	r := &rig{t: t, loop: l, fd: -1}
	r.make = func(c *loop.Conn) loop.Handler {
		h := factory(c)
		r.worker = h.(*worker)
		return h
	}
	t.Cleanup(r.close)
	r.connect()
	return r
}

// connect connects a client, in place of the one before.
func (r *rig) connect() {
	r.t.Helper()
	r.hangUp()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	r.fd = pair[0]
	r.eof, r.got = false, nil
	if err := r.loop.Adopt(pair[1], r.make); err != nil {
		r.t.Fatal(err)
	}
	r.poll()
}

func (r *rig) hangUp() {
	if r.fd >= 0 {
		_ = unix.Close(r.fd)
		r.fd = -1
	}
}

func (r *rig) close() {
	r.hangUp()
	if err := r.loop.Close(); err != nil {
		r.t.Error(err)
	}
	if r.worker != nil {
		if err := r.worker.check(); err != nil {
			r.t.Error(err)
		}
	}
}

// poll runs one round of the server.
func (r *rig) poll() {
	r.t.Helper()
	if err := r.loop.Poll(0); err != nil {
		r.t.Fatal(err)
	}
	if r.worker != nil {
		if err := r.worker.check(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// read takes what the client can read now, and reports whether that was anything.
func (r *rig) read() bool {
	r.t.Helper()
	var buf [64 << 10]byte
	n, err := unix.Read(r.fd, buf[:])
	switch {
	case errors.Is(err, unix.EAGAIN):
		return false
	case err != nil:
		r.t.Fatalf("the client's read: %v", err)
	case n == 0:
		wasEOF := r.eof
		r.eof = true
		return !wasEOF
	}
	r.got = append(r.got, buf[:n]...)
	return true
}

// write sends p, polling where the socket is full.
func (r *rig) write(p []byte) {
	r.t.Helper()
	for idle := 0; len(p) > 0; {
		n, err := unix.Write(r.fd, p)
		switch {
		case errors.Is(err, unix.EAGAIN):
			r.poll()
			if idle++; idle > 1000 {
				r.t.Fatal("the server does not read")
			}
			if r.read() {
				idle = 0
			}
		case err != nil:
			r.t.Fatalf("the client's write: %v", err)
		default:
			p = p[n:]
			idle = 0
		}
	}
}

// settle polls until nothing comes any more.
func (r *rig) settle() {
	r.t.Helper()
	for quiet := 0; quiet < 3; quiet++ {
		r.poll()
		for r.read() {
			quiet = 0
		}
	}
}

// exchange sends the parts of a stream one by one, and returns what the server answered, and whether it ended the
// stream before the client did.
func (r *rig) exchange(parts ...[]byte) (reply []byte, closed bool) {
	r.t.Helper()
	for _, p := range parts {
		r.write(p)
		r.poll()
		for r.read() {
		}
	}
	r.settle()
	closed = r.eof
	if err := unix.Shutdown(r.fd, unix.SHUT_WR); err != nil {
		r.t.Fatal(err)
	}
	r.settle()
	if !r.eof {
		r.t.Fatal("the server does not end the stream")
	}
	return r.got, closed
}

var dateLine = regexp.MustCompile(`(?m)^Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n`)

// undated gives the replies without their Date.
func undated(replies []byte) string { return string(dateLine.ReplaceAll(replies, nil)) }

// reply is one reply, as net/http reads it.
type reply struct {
	status int
	header http.Header
	body   []byte
	close  bool // it says Connection: close
}

// parseReplies reads all replies to requests of methods, in order; an informational one counts as a reply of
// its own and has no method.
func parseReplies(t testing.TB, stream []byte, methods ...string) (replies []reply) {
	t.Helper()
	br := bufio.NewReader(bytes.NewReader(stream))
	for i := 0; ; i++ {
		if _, err := br.Peek(1); err == io.EOF {
			return replies
		}
		method := "GET"
		if len(methods) > 0 {
			method, methods = methods[0], methods[1:]
		}
		res, err := http.ReadResponse(br, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("reply %d: %v\n%.1000q", i, err, stream)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatalf("body of reply %d: %v\n%.1000q", i, err, stream)
		}
		if res.StatusCode >= 200 && len(res.Header["Date"]) != 1 {
			t.Fatalf("reply %d has no Date\n%.1000q", i, stream)
		}
		replies = append(replies, reply{res.StatusCode, res.Header, body, res.Close})
	}
}

// tree makes a directory with the files, and opens it.
func tree(t testing.TB, files map[string]string) (root *os.Root, dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root, dir
}
