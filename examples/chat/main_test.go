//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/examples/internal/app"
	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

func TestMain(m *testing.M) { clienttest.Main(m) }

// terminal is a person with nc.
type terminal struct {
	t     *testing.T
	cmd   *exec.Cmd
	keys  io.WriteCloser
	lines chan string // closed at the end of what nc writes
}

// open starts nc to addr.
func open(t *testing.T, addr string) *terminal {
	t.Helper()
	nc := clienttest.Client(t, "nc")
	network, address := app.ParseAddr(addr)
	args := []string{"-U", address}
	if network == "tcp" {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		args = []string{host, port}
	}
	p := &terminal{t: t, cmd: exec.Command(nc, args...), lines: make(chan string, 1000)}
	keys, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	screen, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.keys = keys
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(screen); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // ended already is as good
		for range p.lines {
		}
		_ = p.cmd.Wait() // killed
	})
	return p
}

func (p *terminal) typeLine(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.keys, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

func (p *terminal) want(lines ...string) {
	p.t.Helper()
	for _, want := range lines {
		select {
		case got, ok := <-p.lines:
			if !ok || got != want {
				p.t.Fatalf("got %q (%t), want %q", got, ok, want)
			}
		case <-time.After(10 * time.Second):
			p.t.Fatalf("%q did not come", want)
		}
	}
}

const (
	welcome = "* welcome: your first line is your nickname"
	hello   = "* hello %s: /who, /nick NAME, /me TEXT, /quit; all else goes to the room"
	goodbye = "* the room is closing, goodbye"
)

// Two people with nc talk, over TCP and over a unix socket; SIGTERM says goodbye to both.
func TestTwoPeopleWithNetcat(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "room")} {
		t.Run(addr, func(t *testing.T) {
			addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-addr", addr, "-loops", "2")
			ann := open(t, addr)
			ann.typeLine("ann")
			ann.want(welcome, fmt.Sprintf(hello, "ann"))
			bob := open(t, addr)
			bob.typeLine("ann")
			bob.want(welcome, "* ann is taken")
			bob.typeLine("bob")
			bob.want(fmt.Sprintf(hello, "bob"))
			ann.want("* bob has joined")
			ann.typeLine("hello, bob")
			bob.want("<ann> hello, bob")
			bob.typeLine("/me waves")
			ann.want("** bob waves")
			bob.typeLine("/quit")
			bob.want("* goodbye")
			if err := bob.keys.Close(); err != nil {
				t.Error(err)
			}
			ann.want("* bob has left")
			cat := open(t, addr)
			cat.typeLine("cat")
			cat.want(welcome, fmt.Sprintf(hello, "cat"))
			ann.want("* cat has joined")
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				stop()
			}()
			for _, p := range []*terminal{ann, cat} {
				p.want(goodbye)
				if err := p.keys.Close(); err != nil { // nc ends when both sides have
					t.Error(err)
				}
			}
			<-stopped
		})
	}
}

// After the goodbye comes the end of the stream, not a reset.
func TestTerminateEndsStreams(t *testing.T) {
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."))
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lines := bufio.NewReader(c)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	rest := make(chan string, 1)
	go func() {
		all, err := io.ReadAll(lines)
		c.Close()
		rest <- fmt.Sprint(string(all), err)
	}()
	stop()
	if got, want := <-rest, goodbye+"\n<nil>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What cannot work is one line and exit code 1.
func TestRefusals(t *testing.T) {
	bin := clienttest.Binary(t, ".")
	addr, _ := clienttest.Start(t, bin)
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"-addr", addr}, "address already in use"},
		{[]string{"-addr", "127.0.0.1:0", "-queue", "10"}, "bad queue size"},
		{[]string{"-addr", "nowhere"}, "nowhere"},
		{[]string{"-addr", "127.0.0.1:0", "-loops", "-1"}, "Loops is -1"},
	} {
		stdout, stderr, code := clienttest.RunCode(t, bin, row.args...)
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 ||
			!strings.HasPrefix(stderr, "chat: ") || !strings.Contains(stderr, row.want) {
			t.Errorf("%q: exit code %d, %q, %q", row.args, code, stdout, stderr)
		}
	}
}
