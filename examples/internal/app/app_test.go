//go:build linux

package app

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/millrace-net/millrace/internal/leaks"
	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// echo sends lines back.
func echo(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.LF)
	return loop.HandlerFunc(func(c *loop.Conn, line []byte, _ bool) error {
		if err := c.Push(line); err != nil {
			return err
		}
		return c.Push(match.LF.Bytes())
	})
}

// start runs serve and returns the address of its ready line, and a function that ends it.
func start(t *testing.T, f Flags) (addr string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, w, "echo", f, loop.Options{}, echo)
		_ = w.Close()
	}()
	line := make([]byte, 200)
	n, err := r.Read(line)
	if err != nil {
		t.Fatal(err, <-done)
	}
	addr, ok := strings.CutPrefix(string(line[:n]), "echo: listening on ")
	if !ok || !strings.HasSuffix(addr, "\n") {
		t.Fatalf("the ready line is %q", line[:n])
	}
	return strings.TrimSuffix(addr, "\n"), func() {
		t.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("serve does not end")
		}
	}
}

func TestServe(t *testing.T) {
	for _, f := range []Flags{
		{Addr: "127.0.0.1:0"},
		{Addr: "127.0.0.1:0", Loops: 1},
		{Addr: "unix:" + filepath.Join(t.TempDir(), "s"), Loops: 2},
	} {
		addr, stop := start(t, f)
		nc, err := net.Dial(ParseAddr(addr))
		if err != nil {
			t.Fatal(err)
		}
		_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := nc.Write([]byte("a line\n")); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len("a line\n"))
		if _, err := io.ReadFull(nc, got); err != nil || string(got) != "a line\n" {
			t.Errorf("%+v: %q, %v", f, got, err)
		}
		if err := nc.Close(); err != nil {
			t.Error(err)
		}
		stop()
	}
}

func TestServeErrors(t *testing.T) {
	taken, stop := start(t, Flags{Addr: "127.0.0.1:0", Loops: 1})
	defer stop()
	for _, tt := range []struct {
		flags Flags
		want  error
	}{
		{Flags{Addr: taken, Loops: 1}, syscall.EADDRINUSE},
		{Flags{Addr: taken, Loops: 2}, syscall.EADDRINUSE},
		{Flags{Addr: "127.0.0.1:0", Loops: -1}, loop.ErrOption},
		{Flags{Addr: "127.0.0.1"}, loop.ErrOption},
		{Flags{Addr: "unix:/nowhere/at/all"}, syscall.ENOENT},
	} {
		var log bytes.Buffer
		err := serve(context.Background(), &log, "echo", tt.flags, loop.Options{}, echo)
		if !errors.Is(err, tt.want) || strings.Contains(err.Error(), "\n") || log.Len() > 0 {
			t.Errorf("%+v: %v, want %v in one line; log %q", tt.flags, err, tt.want, log.String())
		}
	}
}

func TestFlags(t *testing.T) {
	parse := func(args ...string) (f Flags, err error) {
		fs := flag.NewFlagSet("x", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		f.Register(fs, "default:1")
		return f, fs.Parse(args)
	}
	if f, err := parse(); err != nil || f != (Flags{Addr: "default:1"}) {
		t.Error(f, err)
	}
	if f, err := parse("-addr", "unix:/x", "-loops", "3"); err != nil || f != (Flags{Addr: "unix:/x", Loops: 3}) {
		t.Error(f, err)
	}
	if _, err := parse("-loops", "x"); err == nil {
		t.Error("a number that is none passes")
	}
}

func TestAddr(t *testing.T) {
	for s, want := range map[string][2]string{
		"h:1": {"tcp", "h:1"}, "[::1]:2": {"tcp", "[::1]:2"}, ":3": {"tcp", ":3"},
		"unix:/a:b": {"unix", "/a:b"}, "unix:@x": {"unix", "@x"}, "unix:": {"unix", ""},
	} {
		if network, address := ParseAddr(s); network != want[0] || address != want[1] {
			t.Errorf("%s: %s %s", s, network, address)
		}
	}
	for _, s := range []string{"127.0.0.1:1", "[::1]:2", "unix:/a/b", "unix:@x"} {
		network, address := ParseAddr(s)
		var a net.Addr = &net.UnixAddr{Name: address, Net: network}
		if network == "tcp" {
			tcp, err := net.ResolveTCPAddr(network, address)
			if err != nil {
				t.Fatal(err)
			}
			a = tcp
		}
		if got := FormatAddr(a); got != s {
			t.Errorf("%s comes back as %s", s, got)
		}
	}
}

// TestMain runs the program again as a child that Exit ends, for TestExit.
func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv("APP_TEST_EXIT"); ok {
		var err error
		if text != "" {
			err = errors.New(text)
		}
		Exit("name", err)
	}
	leaks.Main(m)
}
