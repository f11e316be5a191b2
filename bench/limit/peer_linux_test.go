package limit

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// A peer is a client of a server.
type peer struct {
	*net.TCPConn
	t *testing.T
}

// dial connects to a server; the connection is closed when the test ends.
func (s *server) dial() peer {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	p := peer{c.(*net.TCPConn), s.t}
	s.peers[ends(c.RemoteAddr(), c.LocalAddr())] = true
	s.t.Cleanup(func() { _ = c.Close() }) // closed already is as good
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (p peer) send(b []byte) {
	p.t.Helper()
	if _, err := p.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

// sendApart sends pieces so that each is likely to be read by itself.
func (p peer) sendApart(pieces ...[]byte) {
	p.t.Helper()
	for i, piece := range pieces {
		if i > 0 {
			time.Sleep(time.Millisecond)
		}
		p.send(piece)
	}
}

// sendMeanwhile sends on another goroutine; the function that it returns waits for its end.
func (p peer) sendMeanwhile(write func() error) (wait func()) {
	sent := make(chan error, 1)
	go func() { sent <- write() }()
	return func() {
		p.t.Helper()
		if err := <-sent; err != nil {
			p.t.Error(err)
		}
	}
}

// want reads what has to come next.
func (p peer) want(want []byte) {
	p.t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(p, got)
	if err != nil {
		p.t.Fatalf("%v after %d of %d bytes", err, n, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			p.t.Fatalf("byte %d of %d differs: got %.40q, want %.40q", i, len(want), got[i:], want[i:])
		}
	}
}

// wantEnd wants nothing but the end.
func (p peer) wantEnd() {
	p.t.Helper()
	if rest, err := io.ReadAll(p); err != nil || len(rest) != 0 {
		p.t.Fatalf("got %.80q and error %v instead of the end", rest, err)
	}
}

// finish closes the writing half.
func (p peer) finish() {
	p.t.Helper()
	if err := p.CloseWrite(); err != nil {
		p.t.Fatal(err)
	}
}

func (p peer) leave() {
	p.t.Helper()
	if err := p.Close(); err != nil {
		p.t.Fatal(err)
	}
}

// reset closes the connection by a reset.
func (p peer) reset() {
	p.t.Helper()
	if err := p.SetLinger(0); err != nil {
		p.t.Fatal(err)
	}
	p.leave()
}

// stuff sends b again and again until nothing has been taken for a while, and returns how much has been; at most most.
func (p peer) stuff(b []byte, most int) int {
	p.t.Helper()
	b = bytes.Repeat(b, 1+(64<<10)/len(b))
	total := 0
	for total < most {
		if err := p.SetWriteDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
			p.t.Fatal(err)
		}
		n, err := p.Write(b)
		total += n
		if e := net.Error(nil); errors.As(err, &e) && e.Timeout() {
			break
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	return total
}

// gone says whether an error is that of a connection whose other end has closed it.
func gone(err error) bool { return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) }
