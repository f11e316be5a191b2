//go:build linux

package smtpd

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop"
)

// rig is a loop that the test polls itself: how a client's stream is cut is up to the test alone.
type rig struct {
	t      *testing.T
	loop   *loop.Loop
	server *Server
	dir    string
}

func newRig(t *testing.T, cfg Config) *rig {
	t.Helper()
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := loop.NewLoop(Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		server.Wait()
	})
	return &rig{t, l, server, cfg.Dir}
}

// talk sends the parts of a stream one by one, each after a round of the loop, ends it, and returns all replies.
func (r *rig) talk(parts ...string) string {
	r.t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	defer unix.Close(pair[0])
	var s *session
	err = r.loop.Adopt(pair[1], func(c *loop.Conn) loop.Handler {
		s = r.server.Open(c).(*session)
		return s
	})
	if err != nil {
		r.t.Fatal(err)
	}
	var got strings.Builder
	round := func(wait time.Duration) (ended bool) {
		if err := r.loop.Poll(wait); err != nil {
			r.t.Fatal(err)
		}
		if s != nil {
			if err := s.check(); err != nil {
				r.t.Fatal(err)
			}
		}
		var buf [4096]byte
		n, err := unix.Read(pair[0], buf[:])
		got.Write(buf[:max(n, 0)])
		return n == 0 || errors.Is(err, unix.ECONNRESET)
	}
	ended := round(0)
	for _, p := range parts {
		for len(p) > 0 && !ended {
			n, err := unix.Write(pair[0], []byte(p))
			if errors.Is(err, unix.EPIPE) {
				break
			}
			if err != nil && !errors.Is(err, unix.EAGAIN) {
				r.t.Fatal(err)
			}
			p = p[max(n, 0):]
			ended = round(0)
		}
	}
	_ = unix.Shutdown(pair[0], unix.SHUT_WR) // the server may have gone
	for deadline := time.Now().Add(20 * time.Second); !ended; {
		if ended = round(10 * time.Millisecond); time.Now().After(deadline) {
			r.t.Fatalf("the server does not end the stream after %q", got.String())
		}
	}
	return got.String()
}

// mail takes the messages out of the directory, oldest first, without the fields of the trace.
func (r *rig) mail() (texts []string) {
	r.t.Helper()
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range entries { // sorted by name, and so by time
		path := filepath.Join(r.dir, e.Name())
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.Remove(path)
		}
		_, text, ok := strings.Cut(string(data), "Received: ")
		_, text, ok2 := strings.Cut(text, "\r\n")
		if err != nil || !ok || !ok2 || !strings.HasPrefix(string(data), "Return-Path: <") || filepath.Ext(e.Name()) != ".eml" {
			r.t.Errorf("%s: %v, %.300q", e.Name(), err, data)
		}
		texts = append(texts, text)
	}
	return texts
}

// codes are the codes of the replies, of each once.
func codes(replies string) string {
	var all []string
	for line := range strings.Lines(replies) {
		if len(line) > 3 && line[3] == ' ' {
			all = append(all, line[:3])
		}
	}
	return strings.Join(all, " ")
}

// want compares what a stream was answered, and what was kept of it.
func (r *rig) want(how, stream, replies string, kept []string, parts ...string) {
	r.t.Helper()
	got := r.talk(parts...)
	if mail := r.mail(); codes(got) != replies || !slices.Equal(mail, kept) {
		r.t.Fatalf("%.300q, %s:\n got %s, %.300q\nwant %s, %.300q\n%s", stream, how, codes(got), mail, replies, kept, got)
	}
}
