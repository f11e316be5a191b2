//go:build linux

package loop

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"
	"time"
	"fmt"
	"bytes"

	"github.com/millrace-net/millrace/match"
)

type echo struct{}

func (echo) Receive(c *Conn, line []byte, found bool) error {
	c.Push(line)
	return c.Push(match.CRLF.Bytes())
}

func TestSmoke(t *testing.T) {
	s, err := NewSet(Options{Loops: 2})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := s.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { c.SetTerminator(match.CRLF); return echo{} })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for i := range 20 {
		nc, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		nc.SetDeadline(time.Now().Add(5 * time.Second))
		var want bytes.Buffer
		for j := range 1000 {
			fmt.Fprintf(&want, "line %d of %d%s\r\n", j, i, bytes.Repeat([]byte("x"), j*3%5000))
		}
		go func() {
			p := want.Bytes()
			for len(p) > 0 {
				n := min(len(p), 1+i*97)
				if i == 19 { n = len(p) }
				nc.Write(p[:n])
				p = p[n:]
			}
			nc.(*net.TCPConn).CloseWrite()
		}()
		got, err := io.ReadAll(bufio.NewReader(nc))
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Fatal(i, err, len(got), want.Len())
		}
		nc.Close()
	}
	t.Log(s.Stats())
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
