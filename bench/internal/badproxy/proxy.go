// Package badproxy carries TCP connections badly and on purpose: it dribbles, cuts, stalls, resets, half-closes and
// swallows, by a seeded plan for each connection, and tells afterwards what it has done. So a client behind it knows
// what it may ask for: every byte, unless the fault struck; and never a wrong one.
package badproxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// dialTime bounds the connection to the server.
const dialTime = 20 * time.Second

// Report is what a proxy has done.
type Report struct {
	Up, Down int64 // bytes handed on
	Struck   bool  // a lossy fault took place: bytes may be missing
}

// Proxy carries one connection, the first that comes. Its methods may be called from any goroutine.
//
// Invariant: ended is closed before the last of the goroutines ends, and report.Struck is set before what it tells
// takes place.
type Proxy struct {
	target string // immutable
	plan   Plan   // immutable
	ln     *net.TCPListener
	ended  chan struct{} // closed by end
	once   sync.Once     // guards end
	wait   sync.WaitGroup

	mu     sync.Mutex
	sides  [2]*net.TCPConn // the client's and the server's, guarded by mu
	report Report          // guarded by mu
}

// Start listens on a port of 127.0.0.1 for the connection to be carried to target, which is host:port. The caller
// has to Close the proxy.
func Start(target string, plan Plan) (*Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("badproxy: %w", err)
	}
	p := &Proxy{target: target, plan: plan, ln: ln.(*net.TCPListener), ended: make(chan struct{})}
	p.wait.Go(p.serve)
	return p, nil
}

// Addr returns where the client is to connect, as host:port.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Close ends the connection, if it has not ended, and returns what was done once nothing goes on any more.
func (p *Proxy) Close() Report {
	p.end(false)
	p.wait.Wait()
	return p.Report()
}

// Report returns what was done so far.
func (p *Proxy) Report() Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.report
}

// serve accepts and connects, and carries until both directions have ended.
func (p *Proxy) serve() {
	defer p.end(false)
	client, err := p.ln.AcceptTCP()
	if err != nil {
		return // closed before anybody came
	}
	_ = p.ln.Close() // nobody else is expected
	if !p.adopt(client, Up) {
		return
	}
	nc, err := net.DialTimeout("tcp", p.target, dialTime)
	if err != nil {
		p.end(true)
		return
	}
	server := nc.(*net.TCPConn)
	if !p.adopt(server, Down) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.carry(client, server, newCutter(p, Up)) })
	both.Go(func() { p.carry(server, client, newCutter(p, Down)) })
	both.Wait()
}

// adopt makes end close c, or closes it now if that has been.
func (p *Proxy) adopt(c *net.TCPConn, from Way) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.ended:
		_ = c.Close()
		return false
	default:
	}
	p.sides[from] = c
	return true
}

// end closes everything, once, with a reset if so asked.
func (p *Proxy) end(reset bool) {
	p.once.Do(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		close(p.ended)
		_ = p.ln.Close()
		for _, c := range p.sides {
			if c == nil {
				continue
			}
			if reset {
				_ = c.SetLinger(0)
			}
			_ = c.Close() // there is nothing left to be told
		}
	})
}

// carry hands on what from sends, until its end.
func (p *Proxy) carry(from, to *net.TCPConn, c *cutter) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && c.pass(to, buf[:n]) != nil {
			// Whoever has closed may have sent something before, which the other direction still carries.
			_, _ = io.Copy(io.Discard, from)
			return
		}
		switch {
		case errors.Is(err, io.EOF):
			c.finish(to)
			return
		case err != nil: // a reset is handed on
			p.end(true)
			return
		}
	}
}

// note counts bytes handed on.
func (p *Proxy) note(w Way, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w == Up {
		p.report.Up += int64(n)
	} else {
		p.report.Down += int64(n)
	}
}

// strike says that a lossy fault takes place.
func (p *Proxy) strike() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.report.Struck = true
}

// sleep waits, or says that the proxy has ended.
func (p *Proxy) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.ended:
		return false
	}
}
