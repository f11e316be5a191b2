package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/millrace-net/millrace/internal/leaks"
)

// serverEnv makes the test binary the program itself.
const serverEnv = "PEERS_SERVER"

// stopTime is within which a server must end.
const stopTime = 2 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		main()
		return
	}
	leaks.Main(m)
}

// server is the program in a process of its own.
type server struct {
	cmd    *exec.Cmd
	in     io.Closer
	out    *bufio.Reader
	errs   bytes.Buffer
	addr   string
	lib    string
	stopBy func() error // asks it to stop
	once   sync.Once    // stops it
}

// command returns the program with arguments.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), serverEnv+"=1")
	return cmd
}

// startServer starts a server, which ends with the test in the way that is demanded of it.
func startServer(t *testing.T, lib, form, mode string, loops int) *server {
	t.Helper()
	s := &server{lib: lib}
	s.cmd = command("-lib", lib, "-form", form, "-mode", mode, "-loops", fmt.Sprint(loops), "-addr", "127.0.0.1:0")
	s.cmd.Stderr = &s.errs
	in, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.in, s.out, s.stopBy = in, bufio.NewReader(out), in.Close
	t.Cleanup(func() { s.once.Do(func() { s.stop(t) }) })
	first, err := s.out.ReadString('\n')
	if err != nil {
		t.Fatalf("no line on standard output: %v", err)
	}
	var found bool
	if s.addr, found = strings.CutPrefix(strings.TrimSuffix(first, "\n"), "listening "); !found {
		t.Fatalf("standard output begins with %q", first)
	}
	return s
}

// stop asks the server to stop, and demands that it does so in time, with code 0 and without another word.
func (s *server) stop(t *testing.T) {
	t.Helper()
	begin := time.Now()
	if err := s.stopBy(); err != nil {
		t.Errorf("cannot ask it to stop: %v", err)
	}
	kill := time.AfterFunc(5*stopTime, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	rest, err := io.ReadAll(s.out)
	if err != nil || len(rest) > 0 {
		t.Errorf("standard output goes on with %q, error %v", rest, err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if d := time.Since(begin); d > stopTime {
		t.Errorf("it took %v to stop", d)
	}
	if s.errs.Len() > 0 {
		t.Errorf("standard error has %.500q", s.errs.String())
	}
}

// client is a connection to a server, which is read through a buffer.
type client struct {
	net.Conn
	r *bufio.Reader
}

// Read reads from the buffer, so that whatever reads a part of the answers leaves the others.
func (c *client) Read(p []byte) (int, error) { return c.r.Read(p) }

// dial connects to the server, for the time of the test.
func (s *server) dial(t *testing.T) *client {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{c, bufio.NewReader(c)}
}

// forEach runs a test against every library that has the mode, in both forms, with one loop and with two.
func forEach(t *testing.T, mode string, test func(*testing.T, *server)) {
	for _, lib := range libraries() {
		for _, form := range []string{formBest, formPlain} {
			for loops := 1; loops <= 2; loops++ {
				if (&options{lib: lib, form: form, mode: mode, loops: loops}).check(nil) != nil {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d", lib, form, loops), func(t *testing.T) {
					t.Parallel()
					test(t, startServer(t, lib, form, mode, loops))
				})
			}
		}
	}
}

// write writes p, and expects no error.
func write(t *testing.T, w io.Writer, p []byte) {
	t.Helper()
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
}

// expect reads as many bytes as want has, and compares them.
func expect(t *testing.T, r io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(r, got)
	if err != nil {
		t.Fatalf("%d of %d bytes, then %v", n, len(want), err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got %.100q, want %.100q", got, want)
	}
}

// streamSize is more than the kernel holds on the way to the client, which is 4 MiB at the server and what stream leaves it.
const streamSize = 9 << 20

// stream writes p while read reads the answers. It begins to read late and with little room, so that the server cannot
// write all that it has: it must wait, or keep what is left.
func stream(t *testing.T, c *client, p []byte, read func()) {
	t.Helper()
	if err := c.Conn.(*net.TCPConn).SetReadBuffer(256 << 10); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := c.Write(p)
		failed <- err
	}()
	time.Sleep(50 * time.Millisecond)
	read()
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}

// atEveryCut writes p in two pieces, for every place where it can be cut, and calls check after each. The pause makes it
// likely that the pieces are read one by one.
func atEveryCut(t *testing.T, w io.Writer, p []byte, check func()) {
	t.Helper()
	for i := 1; i < len(p); i++ {
		write(t, w, p[:i])
		time.Sleep(time.Millisecond)
		write(t, w, p[i:])
		check()
	}
}

// twoClients has two clients take turns, each with a part of its message left open while the other's is sent.
func twoClients(t *testing.T, s *server, message func(i int) string, check func(c *client, message string)) {
	t.Helper()
	a, b := s.dial(t), s.dial(t)
	for i := range 20 {
		m, n := message(i), message(i+20)
		cut := i % len(m)
		write(t, a, []byte(m[:cut]))
		write(t, b, []byte(n))
		check(b, n)
		write(t, a, []byte(m[cut:]))
		check(a, m)
	}
}

// TestStop stops each library in every way there is, while clients are connected and have sent half a line.
func TestStop(t *testing.T) {
	ways := map[string]func(*server) error{
		"stdin":   func(s *server) error { return s.in.Close() },
		"SIGTERM": func(s *server) error { return s.cmd.Process.Signal(syscall.SIGTERM) },
		"SIGINT":  func(s *server) error { return s.cmd.Process.Signal(syscall.SIGINT) },
	}
	for _, lib := range libraries() {
		for name, way := range ways {
			t.Run(lib+"/"+name, func(t *testing.T) {
				t.Parallel()
				modes := peers[lib].modes
				s := startServer(t, lib, formBest, modes[len(modes)-1], 2)
				s.stopBy = func() error { return way(s) }
				for range 3 {
					write(t, s.dial(t), []byte("GET / HTTP/1.1\r"))
				}
				time.Sleep(10 * time.Millisecond)
				s.once.Do(func() { s.stop(t) })
			})
		}
	}
}

// TestClientsThatBreakOff has clients send much, read nothing and reset the connection. It is nothing that a server tells
// as an error, and the next client is served.
func TestClientsThatBreakOff(t *testing.T) {
	for mode, message := range map[string]string{modeEcho: oddLines, modeLine: oddLines, modeHTTP: get} {
		t.Run(mode, func(t *testing.T) {
			forEach(t, mode, func(t *testing.T, s *server) { breakOff(t, s, mode, message) })
		})
	}
}

// breakOff resets connections, and then demands an answer on another.
func breakOff(t *testing.T, s *server, mode, message string) {
	for range 20 {
		c := s.dial(t)
		write(t, c, []byte(strings.Repeat(message, 1000)))
		if err := c.Conn.(*net.TCPConn).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	c := s.dial(t)
	write(t, c, []byte(message))
	if mode == modeHTTP {
		expectReplies(t, s, c, 1)
	} else {
		expect(t, c, []byte(message))
	}
}
