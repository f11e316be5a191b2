//go:build linux

package ftp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/loop"
)

// rig is a server on one loop.
type rig struct {
	t        *testing.T
	loop     *loop.Loop
	addr     string
	dir      string
	sessions []*session // the loop's goroutine only
}

const maxFile = 100 // of what is stored

const largeBytes = 32 << 20 // more than the buffers of two sockets hold

// newRig serves a directory with the files small, of ten digits, and large.
func newRig(t *testing.T, write bool) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(r.dir, "small"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "large"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(r.dir, "large"), largeBytes); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	r.loop, err = loop.NewLoop(Options())
	if err != nil {
		t.Fatal(err)
	}
	factory := New(Config{Root: root, Write: write, MaxFile: maxFile})
	ln, err := r.loop.Listen("tcp", "127.0.0.1:0", func(c *loop.Conn) loop.Handler {
		h := factory(c)
		r.sessions = append(r.sessions, h.(*session))
		return h
	})
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.loop.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = root.Close()
	})
	return r
}

// on runs f on the loop, and waits for it.
func (r *rig) on(f func()) {
	r.t.Helper()
	done := make(chan struct{})
	if err := r.loop.Post(func() { f(); close(done) }); err != nil {
		r.t.Fatal(err)
	}
	<-done
}

// check checks every session.
func (r *rig) check() {
	r.t.Helper()
	r.on(func() {
		for _, s := range r.sessions {
			if err := s.check(); err != nil {
				r.t.Error(err)
			}
		}
	})
}

// settles waits until the loop has n channels.
func (r *rig) settles(n int) {
	r.t.Helper()
	got := -1
	for end := time.Now().Add(20 * time.Second); got != n && time.Now().Before(end); time.Sleep(time.Millisecond) {
		r.on(func() { got = r.loop.Len() })
	}
	if got != n {
		r.t.Fatalf("%d channels, want %d", got, n)
	}
}

// client is a control connection.
type client struct {
	*rig
	conn  net.Conn
	lines *bufio.Reader
}

// dial connects without logging in.
func (r *rig) dial() *client {
	r.t.Helper()
	nc, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	c := &client{r, nc, bufio.NewReader(nc)}
	c.want("220 ")
	return c
}

// login logs in.
func (r *rig) login() *client {
	r.t.Helper()
	c := r.dial()
	c.do("USER anonymous", "331 ")
	c.do("PASS x", "230 ")
	return c
}

// next reads a reply, of one line or the last one of several.
func (c *client) next() string {
	c.t.Helper()
	for {
		line, err := c.lines.ReadString('\n')
		if err != nil {
			c.t.Fatalf("%q, %v", line, err)
		}
		if len(line) > 3 && line[0] >= '1' && line[0] <= '5' && line[3] == ' ' {
			return line
		}
	}
}

func (c *client) want(reply string) {
	c.t.Helper()
	if got := c.next(); !strings.HasPrefix(got, reply) {
		c.t.Fatalf("%q, want %q", got, reply)
	}
}

func (c *client) send(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, line+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
}

// do sends a command and reads its reply.
func (c *client) do(line, reply string) {
	c.t.Helper()
	c.send(line)
	if got := c.next(); !strings.HasPrefix(got, reply) {
		c.t.Fatalf("%s: %q, want %q", line, got, reply)
	}
	c.check()
}

var portOf = regexp.MustCompile(`\(\|\|\|(\d+)\|\)`)

// passive has the server listen, and returns the port.
func (c *client) passive() (port string) {
	c.t.Helper()
	c.send("EPSV")
	reply := c.next()
	found := portOf.FindStringSubmatch(reply)
	if found == nil {
		c.t.Fatal(reply)
	}
	return found[1]
}

// data connects to a port of the server, from an address.
func (c *client) data(from, port string) *net.TCPConn {
	c.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	nc, err := d.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	return nc.(*net.TCPConn)
}

// all reads a data connection to its end, and closes it.
func (c *client) all(nc *net.TCPConn) string {
	c.t.Helper()
	got, err := io.ReadAll(nc)
	if err != nil {
		c.t.Fatal(fmt.Sprint(len(got), " bytes: ", err))
	}
	_ = nc.Close()
	return string(got)
}

// large reads the large file to its end, and closes the connection.
func (c *client) large(nc *net.TCPConn) {
	c.t.Helper()
	if n, err := io.Copy(io.Discard, nc); err != nil || n != largeBytes {
		c.t.Errorf("%d bytes, %v", n, err)
	}
	_ = nc.Close()
}
