//go:build linux

package loop

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/millrace-net/millrace/loop/internal/sim"
)

// The ports of the simulated network.
const (
	portLoop    = 7000 // the loop's listener
	portServer  = 80   // a peer that answers
	portHole    = 81   // nobody answers, not even to refuse
	portRefuses = 82
)

// simConfig says which run it is.
type simConfig struct {
	seed  uint64
	conns int  // 0: as the seed says
	off   uint // kinds of faults that are left out, by bit
}

// simWorld is one run: a loop on a made-up kernel, and its peers.
//
// Invariant: open holds the ends that were opened and not closed; actors counts those that are not done.
type simWorld struct {
	simConfig
	k        *sim.Kernel
	l        *Loop
	ln       *Listener
	opts     Options
	rnd      *rand.Rand
	open     []*simEnd
	links    []*simLink
	dialling *simEnd // whose socket is made
	actors   int
	toCome   int // peers that have yet to come
	meddling int // in one of so many callbacks another connection is done something to
	talk     int // bytes from which on a side has said enough
	scratch  [16 << 10]byte
	noisy    bool // faults and moods are on
	quitting bool
	closing  bool
	slackNs  int64 // how much earlier than its time a limit may seem to strike
	received int   // callbacks
	quiet    int   // turns in a row of which nothing came
	turns    int
	terms    []*simTerm // those that this run uses
}

// pick chooses one of several.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func newSimWorld(c simConfig) *simWorld {
	w := &simWorld{simConfig: c, rnd: rand.New(rand.NewPCG(c.seed, 1)), noisy: true}
	r := w.rnd
	conns := pick(r, 1, 3, 10, 10, 30, 30, 60, 120, 240)
	if r.IntN(150) == 0 {
		conns = 2500
	}
	if w.conns == 0 {
		w.conns = conns
	}
	w.k = sim.New(w.kernel())
	w.k.Connecting = func(s *sim.Socket) {
		e := w.dialling
		e.sock, s.Tag = s, e.link
	}
	w.k.Over = w.over
	w.meddling = pick(r, 2, 20, 100)
	w.talk = 200_000 / (1 + w.conns/20)
	if min(w.k.SendBytes[1], w.k.RecvBytes[1]) <= 64 {
		w.talk = 600
	}
	w.options()
	for range 1 + r.IntN(6) {
		w.terms = append(w.terms, simTerms[r.IntN(len(simTerms))])
	}
	return w
}

// kernel chooses what the kernel is like.
func (w *simWorld) kernel() sim.Config {
	r := w.rnd
	c := sim.Config{Seed: w.seed, MaxFDs: 1 << 20}
	c.CallNs, c.TickNs = pick[int64](r, 1, 2000, 20_000), pick[int64](r, 1, 1, 1e6, 4e6)
	sizes := [][2]int{{1, 64}, {1, 4096}, {2048, 64 << 10}, {2048, 64 << 10}, {64 << 10, 64 << 10}}
	c.SendBytes, c.RecvBytes = pick(r, sizes...), pick(r, sizes...)
	c.DelayNs = pick(r, [2]int64{0, 1}, [2]int64{0, 1e5}, [2]int64{1e4, 2e6}, [2]int64{1e6, 3e7})
	if w.conns > 500 {
		c.SendBytes, c.RecvBytes = [2]int{2048, 64 << 10}, [2]int{2048, 64 << 10}
	}
	w.slackNs = c.TickNs + 50e6
	scarce, jumps := r.IntN(3) == 0, r.IntN(4) == 0
	if scarce && w.off&1 == 0 {
		c.MaxFDs = 3 + r.IntN(1+w.conns)
	}
	if jumps && w.off&2 == 0 {
		c.JumpNs = pick[int64](r, 1e8, 1e10, 4e12)
	}
	if r.IntN(4) > 0 {
		f := &c.Faults
		for bit, often := range []*int{&f.Interrupt, &f.Again, &f.Short, &f.Scarce, &f.Abort, &f.Fail, &f.Ignored} {
			*often = pick(r, 0, 2, 20, 200)
			if often == &f.Fail || often == &f.Abort {
				*often = pick(r, 0, 0, 100, 1000, 1000)
			}
			if w.off&(4<<bit) != 0 {
				*often = 0
			}
		}
	}
	return c
}

// options chooses what the loop is like.
func (w *simWorld) options() {
	r := w.rnd
	o := Options{
		RingBytes: pick(r, 4<<10, 16<<10, 64<<10), MaxElement: pick(r, 50, 1000, 64<<10, 1<<20),
		Oversize: Oversize(r.IntN(2)), HighWater: pick(r, 1, 2000, 20_000, 1<<20), Overflow: Overflow(r.IntN(2)),
		AcceptBudget: pick(r, 1, 3, 64), Backlog: pick(r, 1, 5, 4096), WriteBudget: pick(r, 1, 3000, 4<<20),
		DrainBytes: pick(r, 100, 1<<20), IdleTimeout: pick(r, 3*time.Second, time.Minute),
		ElementTimeout: pick(r, 2*time.Second, time.Minute), ConnectTimeout: pick(r, time.Second, 30*time.Second),
		DrainTimeout: pick(r, 500*time.Millisecond, 20*time.Second),
		Logger:       slog.New(slog.DiscardHandler), calls: w.k.System(),
	}
	o.MaxOutput = o.HighWater + pick(r, 5000, 1<<20, 64<<20)
	o.LowWater = pick(r, 0, 1, o.HighWater)
	if r.IntN(5) == 0 {
		o.MaxConns = 1 + r.IntN(1+w.conns)
	}
	w.opts, _ = o.withDefaults()
}

// term chooses a terminator.
func (w *simWorld) term(r *rand.Rand) *simTerm { return w.terms[r.IntN(len(w.terms))] }

// words are some bytes, at most so many; fewer where buffers are tiny or peers many, and seldom the most.
func (w *simWorld) words(r *rand.Rand, most int) []byte {
	return babble(r, 1+r.IntN(min(most, w.talk/3))>>r.IntN(12))
}

// later calls f on the loop in a while, and after does so in d.
func (w *simWorld) later(r *rand.Rand, f func()) { w.after(time.Duration(r.Int64N(5e6)), f) }

func (w *simWorld) after(d time.Duration, f func()) {
	due := w.k.Now() + int64(d) - w.k.TickNs
	w.l.After(d, func() {
		if w.k.Now() < due {
			w.k.Fail("a timer fires %d ns early", due-w.k.Now())
		}
		f()
	})
}

// newLink makes a connection's book, with random numbers of its own.
func (w *simWorld) newLink() (*simLink, *rand.Rand) {
	link := &simLink{id: len(w.links) + 1}
	w.links = append(w.links, link)
	r := rand.New(rand.NewPCG(w.seed, uint64(link.id)<<8))
	link.calm = r.IntN(3) == 0
	return link, r
}

// newActor makes a peer of a link.
func (w *simWorld) newActor(link *simLink, r *rand.Rand) *simActor {
	a := &simActor{w: w, link: link, rnd: r, gapNs: pick[int64](r, 1e3, 1e5, 1e7)}
	if r.IntN(2) == 0 && !link.calm {
		a.manner = manner(r.IntN(int(manners)))
	}
	a.left = len(w.words(r, pick(r, 5000, 5000, 5000, 5000, 100_000)))
	link.actor = a
	return a
}

// arrive brings a peer that connects to the loop.
func (w *simWorld) arrive() {
	w.toCome--
	link, r := w.newLink()
	a := w.newActor(link, r)
	a.enter(w.k.Dial(portLoop, link), &link.up, &link.down)
	if a.manner == aborter && r.IntN(3) == 0 {
		a.kill()
	}
}

// newEnd makes the handler of a connection.
func (w *simWorld) newEnd(link *simLink, r *rand.Rand, in, out *simFlow) *simEnd {
	return &simEnd{w: w, link: link, rnd: r, in: in, out: out, at: -1, bornNs: w.k.Now(), elementNs: w.k.Now()}
}

// begin is the rest of a Factory.
func (e *simEnd) begin(c *Conn) Handler {
	e.c = c
	e.term = e.w.term(e.rnd)
	c.SetTerminator(e.term.Terminator)
	c.SetDelivery(Delivery(e.rnd.IntN(2)))
	if e.rnd.IntN(8) == 0 {
		e.reply(nil)
	}
	return e.handler()
}

// accepted is the Factory of the listener.
func (w *simWorld) accepted(c *Conn) Handler {
	s := w.k.SocketOf(int(c.fd))
	link := s.Peer().Tag.(*simLink)
	if link.end != nil {
		w.k.Fail("connection %d is accepted twice", link.id)
	}
	r := rand.New(rand.NewPCG(w.seed, uint64(link.id)<<8+1))
	if !link.calm && r.IntN(50) == 0 {
		link.end = &simEnd{closes: 1, gaveUp: true}
		if r.IntN(2) == 0 {
			panic(errHandler)
		}
		return nil
	}
	e := w.newEnd(link, r, &link.up, &link.down)
	e.sock = s
	link.end = e
	return e.begin(c)
}

// dial has the loop connect somewhere.
func (w *simWorld) dial(r *rand.Rand) {
	if w.quitting || len(w.links) > 4*w.conns+20 {
		return
	}
	link, own := w.newLink()
	e := w.newEnd(link, own, &link.down, &link.up)
	e.dialled = true
	address := fmt.Sprintf("10.0.0.1:%d", pick(r, portLoop, portLoop, portServer, portServer, portHole, portRefuses))
	err := w.l.Dial("tcp", address, func(c *Conn) Handler {
		w.dialling = e
		return e.begin(c)
	})
	if err != nil && !errors.Is(err, ErrTooManyConns) {
		w.k.Fail("Dial: %v", err)
	}
}

// serve is the peer at portServer.
func (w *simWorld) serve(s *sim.Socket) {
	link := s.Peer().Tag.(*simLink)
	r := rand.New(rand.NewPCG(w.seed, uint64(link.id)<<8+2))
	w.newActor(link, r).enter(s, &link.down, &link.up)
}
