//go:build linux

package resp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-net/millrace/loop"
)

// serveSet runs a server on two loops, and returns its address and a function that drains it, and waits for the end.
func serveSet(t testing.TB) (address string, drain func()) {
	t.Helper()
	factory, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	o := Options()
	o.Loops = 2
	set, err := loop.NewSet(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := set.Listen("tcp", "127.0.0.1:0", factory)
	if err != nil {
		t.Fatal(errors.Join(err, set.Close()))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- set.Run(ctx) }()
	drain = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(drain)
	return ln.Addr().String(), drain
}

func dialTCP(t testing.TB, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestManyClients has clients on both loops count on the same keys at once.
func TestManyClients(t *testing.T) {
	address, _ := serveSet(t)
	const clients, each = 8, 400
	var wg sync.WaitGroup
	for i := range clients {
		c := dialTCP(t, address)
		wg.Add(1)
		go func() {
			defer wg.Done()
			request := multibulk("INCR", "sum") + multibulk("SET", "own"+strconv.Itoa(i), strings.Repeat("v", i*1000), "GET") + multibulk("MGET", "sum")
			go func() { _, _ = io.WriteString(c, strings.Repeat(request, each)) }() // a failure shows in what is read
			replies := bufio.NewReader(c)
			for range each {
				line, err := replies.ReadString('\n')
				if err != nil || line[0] != ':' {
					t.Errorf("%q, %v", line, err)
					return
				}
				for range 2 { // a value: the old one; then the array of the sum
					if err := skipReply(replies); err != nil {
						t.Error(err)
						return
					}
				}
			}
		}()
	}
	wg.Wait()
	c := dialTCP(t, address)
	if _, err := io.WriteString(c, "get sum\r\nquit\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if want := bulk(strconv.Itoa(clients*each)) + "+OK\r\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// skipReply reads one reply, and the parts of an array.
func skipReply(r *bufio.Reader) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimRight(line[1:], "\r\n"))
	if err != nil {
		return err
	}
	switch {
	case line[0] == '$' && n >= 0:
		_, err = r.Discard(n + 2)
	case line[0] == '*':
		for range n {
			if err = skipReply(r); err != nil {
				return err
			}
		}
	case line[0] != '$':
		err = fmt.Errorf("reply %q", line)
	}
	return err
}

// TestListOverLoops lists clients of another loop, by their addresses.
func TestListOverLoops(t *testing.T) {
	address, _ := serveSet(t)
	conns := []net.Conn{dialTCP(t, address), dialTCP(t, address), dialTCP(t, address)}
	for _, c := range conns {
		if _, err := io.WriteString(c, "CLIENT SETNAME x\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "+OK\r\n" {
			t.Fatalf("%q, %v", line, err)
		}
	}
	if _, err := io.WriteString(conns[0], "CLIENT LIST\r\nQUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	list, err := io.ReadAll(conns[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conns {
		if !strings.Contains(string(list), " addr="+c.LocalAddr().String()+" name=x db=0\n") {
			t.Errorf("%s is not in the list %q", c.LocalAddr(), list)
		}
	}
}

// TestDrain ends the server while one client is idle and another amid a command: that one is answered.
func TestDrain(t *testing.T) {
	address, drain := serveSet(t)
	idle, busy := dialTCP(t, address), dialTCP(t, address)
	for _, c := range []net.Conn{idle, busy} {
		if _, err := io.WriteString(c, "PING\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "+PONG\r\n" {
			t.Fatalf("%q, %v", line, err)
		}
	}
	if _, err := io.WriteString(busy, "*2\r\n$4\r\nECHO\r\n$5\r\nhe"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		drain()
		close(ended)
	}()
	if rest, err := io.ReadAll(idle); err != nil || len(rest) != 0 {
		t.Errorf("the idle client got %q, %v", rest, err)
	}
	_ = idle.Close()
	if _, err := io.WriteString(busy, "llo\r\n"); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(busy); err != nil || string(rest) != bulk("hello") {
		t.Errorf("the busy client got %q, %v", rest, err)
	}
	_ = busy.Close()
	<-ended
}
