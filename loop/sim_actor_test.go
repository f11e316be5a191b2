//go:build linux

package loop

import (
	"math/rand/v2"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sim"
)

// manner is what a peer is like.
type manner int

const (
	honest  manner = iota // sends, ends its side, reads to the end
	slow                  // reads little, and seldom
	deaf                  // does not read
	aborter               // resets at some time
	leaver                // closes at some time, whatever there is to read
	silent                // says nothing for long
	manners
)

// simLink is a connection with what its two sides have said.
type simLink struct {
	id       int
	up, down simFlow
	end      *simEnd // the loop's side, or the one that accepted where both are the loop's; nil until it is there
	actor    *simActor
	calm     bool // nothing but faults and slowness may end it early
}

// simActor is a peer that is no loop.
type simActor struct {
	w       *simWorld
	link    *simLink
	s       *sim.Socket
	rnd     *rand.Rand
	manner  manner
	tx, rx  *simFlow
	left    int   // bytes that it still has to send
	gapNs   int64 // the most that it thinks between two steps
	planned bool
	done    bool
	failed  unix.Errno
}

// enter has the actor begin with its socket.
func (a *simActor) enter(s *sim.Socket, tx, rx *simFlow) {
	a.s, a.tx, a.rx = s, tx, rx
	s.Notify = func() { a.plan(a.think()) }
	a.plan(0)
	a.w.actors++
	switch a.manner {
	case aborter, leaver:
		a.w.k.After(a.rnd.Int64N(a.gapNs*20), a.kill)
	case deaf, silent:
		a.w.k.After(a.rnd.Int64N(3e11), a.kill)
	}
}

func (a *simActor) think() int64 { return 1000 + a.rnd.Int64N(a.gapNs) }

// plan has step called, once.
func (a *simActor) plan(ns int64) {
	if !a.planned && !a.done {
		a.planned = true
		a.w.k.After(ns, a.step)
	}
}

// kill ends the actor without manners.
func (a *simActor) kill() {
	if a.done {
		return
	}
	if a.manner == aborter || a.rnd.IntN(3) == 0 {
		a.s.Reset()
	} else {
		a.s.Close()
	}
	a.over()
}

func (a *simActor) over() {
	if !a.done {
		a.done = true
		a.w.actors--
	}
}

// step sends some, and reads some.
func (a *simActor) step() {
	a.planned = false
	if a.done {
		return
	}
	if a.manner == silent && a.w.noisy {
		return
	}
	again := a.send()
	if a.manner != deaf || !a.w.noisy || a.s.Over() {
		again = a.receive() || again
	}
	if again {
		a.plan(a.think())
	}
}

// send reports whether there is more to send, and room.
func (a *simActor) send() bool {
	if a.left > 0 {
		p := babble(a.rnd, min(a.left, 1+a.rnd.IntN(3000)>>a.rnd.IntN(12)))
		n, errno := a.s.Send(p)
		a.tx.put(p[:n])
		a.left -= n
		switch errno {
		case 0:
			return true
		case unix.EAGAIN:
			return false
		}
		a.left = 0 // nobody listens, but there may be something to read
	}
	a.s.CloseWrite() // ENOTCONN: it is not connected yet, or no more
	return false
}

// receive reports whether there may be more.
func (a *simActor) receive() bool {
	size := 16 << 10
	if a.manner == slow && a.w.noisy {
		size = 1 + a.rnd.IntN(200)
	}
	p := a.w.scratch[:size]
	n, errno := a.s.Recv(p)
	switch {
	case errno == unix.EAGAIN:
		return false
	case errno == unix.ENOTCONN && !a.s.Over(): // not yet
		return false
	case errno != 0:
		a.failed = errno
	case n > 0:
		if err := a.rx.take(p[:n]); err != nil {
			a.w.k.Fail("the peer of connection %d: %v", a.link.id, err)
		}
		return true
	}
	a.s.Close()
	a.over()
	return false
}
