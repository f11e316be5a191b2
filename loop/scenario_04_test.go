//go:build linux

package loop

import (
	"flag"
	"testing"

	"github.com/millrace-net/millrace/match"
)

var scenario04Dials = flag.Int("flood-accepts", 10000, "dials of TestScenario04AcceptFlood")

// Scenario 4: ten thousand dials do not keep a connection from being served. In each turn of the flood no more are
// accepted than the budget has, and what was asked before the turn is answered in it, however long the queue is.
func TestScenario04AcceptFlood(t *testing.T) {
	const budget, wave = 50, 1000
	l := newTestLoop(t, Options{AcceptBudget: budget})
	probe, ask := bareTCPPair(t, l, HandlerFunc(echoLine), func(c *Conn) { c.SetTerminator(match.CRLF) })
	opened := 0
	h := &hooks{opened: func(*Conn) error { opened++; return nil }}
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(*Conn) Handler { return h })
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 2)
	var answer []byte
	for done := 0; done < *scenario04Dials; done += wave {
		var clients []int
		for range wave {
			fd, err := connectTo(ln.Addr())
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, fd)
		}
		for turns := 0; opened < done+wave; turns++ {
			before := opened
			say(t, ask, "ping\r\n")
			rounds(t, l, 1)
			if n := opened - before; n > budget {
				t.Fatalf("%d connections were accepted in a turn", n)
			}
			if answer, _ = hear(ask, answer[:0]); string(answer) != "ping\r\n" {
				t.Fatalf("in a turn of the flood, the probe was answered %q; %d accepted", answer, opened)
			}
			if turns > wave {
				t.Fatalf("%d of %d are accepted after %d turns", opened, done+wave, turns)
			}
		}
		resetAll(t, clients)
		poll(t, l, func() bool { return l.Stats().Conns == 1 })
	}
	if probe.state&closed != 0 {
		t.Fatal("the probe is closed")
	}
}
