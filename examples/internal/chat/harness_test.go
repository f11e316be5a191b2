//go:build linux

package chat

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/loop"
)

const patience = 20 * time.Second // bounds every wait; no test passes or fails by it but one that hangs

// server is a room that runs.
type server struct {
	t    *testing.T
	room *room
	set  *loop.Set
	addr string
	stop func() // shuts down and waits; Cleanup calls it too
}

func serve(t *testing.T, loops, queueBytes int) *server {
	t.Helper()
	o, err := Options(queueBytes)
	if err != nil {
		t.Fatal(err)
	}
	o.Loops = loops
	return serveUnder(t, o)
}

func serveUnder(t *testing.T, o loop.Options) *server {
	t.Helper()
	set, err := loop.NewSet(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, room: newRoom(), set: set}
	ln, err := set.Listen("tcp", "127.0.0.1:0", s.room.enter)
	if err != nil {
		set.Close()
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := set.Run(ctx); err != nil {
			t.Error("Run:", err)
		}
	}()
	s.stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(func() {
		s.stop()
		if got := string(s.room.names.appendList(nil, 10)); got != "0 here: " {
			t.Error("after the end:", got)
		}
	})
	return s
}

// check checks every invariant, on the goroutines that they belong to.
func (s *server) check() {
	s.t.Helper()
	if err := s.room.names.check(); err != nil {
		s.t.Error(err)
	}
	for i, h := range *s.room.halls.Load() {
		for _, other := range (*s.room.halls.Load())[:i] {
			if other.loop == h.loop {
				s.t.Error("two halls on one loop")
			}
		}
		if err := s.on(h.loop, h.check); err != nil {
			s.t.Error(err)
		}
	}
}

// on runs f on l and returns its answer.
func (s *server) on(l *loop.Loop, f func() error) error {
	answer := make(chan error, 1)
	if err := l.Post(func() { answer <- f() }); err != nil {
		return err
	}
	return <-answer
}

// client is a person at a terminal.
type client struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Reader
}

// dial connects and reads the welcome.
func (s *server) dial() *client {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	c := &client{s.t, conn, bufio.NewReaderSize(conn, 16<<10)}
	c.want("* welcome: your first line is your nickname")
	return c
}

// join dials and comes in as nick.
func (s *server) join(nick string) *client {
	s.t.Helper()
	c := s.dial()
	c.send(nick + "\n")
	c.want("* hello " + nick + ": /who, /nick NAME, /me TEXT, /quit; all else goes to the room")
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// next returns the next line without its end, "" at the end of the stream.
func (c *client) next() string {
	c.t.Helper()
	line, err := c.lines.ReadString('\n')
	if err != nil && line != "" {
		c.t.Errorf("%q and then %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (c *client) want(lines ...string) {
	c.t.Helper()
	for _, want := range lines {
		if got := c.next(); got != want {
			c.t.Fatalf("got %q, want %q", got, want)
		}
	}
}
