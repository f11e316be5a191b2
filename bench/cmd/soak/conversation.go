//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/millrace-net/millrace/bench/internal/badproxy"
)

// patience bounds a conversation: one that takes longer is an error. The longest take some seconds.
const patience = 50 * time.Second

// errWrong is what no fault excuses: other bytes than there should be.
var errWrong = errors.New("wrong")

// wrong makes an error of such bytes.
func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errWrong, fmt.Sprintf(format, args...))
}

func isWrong(err error) bool { return errors.Is(err, errWrong) }

// conversation is one visit of a client: some connections, which end with it. One goroutine uses it.
//
// Invariant: struck is what the proxies say, once end was called.
type conversation struct {
	id      string // like no other's; begins with a letter
	rng     *rand.Rand
	plan    badproxy.Plan
	until   time.Time // the deadline of all connections
	answers int       // that were right
	struck  bool
	conns   []net.Conn
	proxies []*badproxy.Proxy
}

func newConversation(id string, f badproxy.Fault, rng *rand.Rand) *conversation {
	return &conversation{id: id, rng: rng, plan: badproxy.NewPlan(f, rng), until: time.Now().Add(patience)}
}

// dial connects straight.
func (c *conversation) dial(addr string) (*net.TCPConn, error) {
	nc, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	c.conns = append(c.conns, nc)
	return nc.(*net.TCPConn), nc.SetDeadline(c.until)
}

// through returns the address of a proxy for one connection to addr, by the plan.
func (c *conversation) through(addr string) (string, error) {
	p, err := badproxy.Start(addr, c.plan)
	if err != nil {
		return "", err
	}
	c.proxies = append(c.proxies, p)
	return p.Addr(), nil
}

// dialThrough connects by a proxy.
func (c *conversation) dialThrough(addr string) (*net.TCPConn, error) {
	by, err := c.through(addr)
	if err != nil {
		return nil, err
	}
	return c.dial(by)
}

// end closes what is open, and learns what the proxies did.
func (c *conversation) end() {
	for _, nc := range c.conns {
		_ = nc.Close() // most are closed
	}
	for _, p := range c.proxies {
		c.struck = c.struck || p.Close().Struck
	}
}

// broken tells whether a fault has struck so far.
func (c *conversation) broken() bool {
	for _, p := range c.proxies {
		if p.Report().Struck {
			return true
		}
	}
	return false
}

// expect reads exactly want. What comes instead is wrong from the first byte that differs on.
func expect(r io.Reader, want []byte) error {
	buf := make([]byte, min(len(want), 32<<10))
	for len(want) > 0 {
		n, err := r.Read(buf[:min(len(want), len(buf))])
		if !bytes.Equal(buf[:n], want[:n]) {
			return wrong("%.100q instead of %.100q", buf[:n], want[:n])
		}
		if want = want[n:]; len(want) > 0 && err != nil {
			return err
		}
	}
	return nil
}

// expectEnd reads the end of the stream.
func expectEnd(r io.Reader) error {
	var more [100]byte
	n, err := r.Read(more[:])
	switch {
	case n > 0:
		return wrong("%.100q instead of the end", more[:n])
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

// send writes in the background, so that a reader who has to keep pace cannot block on it; the error goes to the channel.
func send(w io.Writer, p []byte) chan error {
	done := make(chan error, 1)
	go func() {
		_, err := w.Write(p)
		done <- err
	}()
	return done
}

// reset closes with a reset.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close() // there is nothing left to be told
}
