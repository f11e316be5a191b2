//go:build linux

package chat

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/producer"
)

// deafHighWater is where a connection with a deaf peer is to stop; all others are to take what a script pushes in one event.
const (
	deafHighWater = 64 << 10
	highWater     = 64 << 20
)

// maxElement is the longest element that Whole delivery takes here. It takes no script with a longer count.
const maxElement = 1 << 20

// Runner runs scripts, one after the other, on connections of this library. It is for one goroutine.
type Runner struct {
	delivery   loop.Delivery
	loop, deaf *loop.Loop
	buf        []byte
}

// NewRunner returns a runner, which must be closed.
func NewRunner(d loop.Delivery) (*Runner, error) {
	o := loop.Options{MaxElement: maxElement, HighWater: highWater, IdleTimeout: -1, ElementTimeout: -1}
	l, err := loop.NewLoop(o)
	if err != nil {
		return nil, err
	}
	o.HighWater = deafHighWater
	deaf, err := loop.NewLoop(o)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &Runner{delivery: d, loop: l, deaf: deaf, buf: make([]byte, 64<<10)}, nil
}

// Close gives back what the runner holds.
func (r *Runner) Close() error { return errors.Join(r.loop.Close(), r.deaf.Close()) }

// Takes tells whether the runner can run s.
func (r *Runner) Takes(s *Script) bool {
	return r.delivery == loop.Pieces || s.maxCount() <= maxElement
}

func (s *Script) maxCount() int64 {
	most := int64(0)
	for t := range s.terms {
		if t.Kind == TermCount {
			most = max(most, t.N)
		}
	}
	return most
}

// terms calls yield with all terminators of s.
func (s *Script) terms(yield func(t *Term) bool) {
	if !yield(&s.Term) {
		return
	}
	for _, step := range s.Steps {
		for i := range step {
			if step[i].Do == DoSet && !yield(&step[i].Term) {
				return
			}
		}
	}
}

// Run runs s and returns its trace. The error is of the system, or says that the connection does not come to rest.
func (r *Runner) Run(s *Script) ([]string, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	x := &session{s: s, r: r, l: r.loop, peer: -1}
	if s.Deaf {
		x.l, x.deaf = r.deaf, true
	}
	if err := x.open(); err != nil {
		return nil, err
	}
	err := x.run()
	return x.lines, errors.Join(err, x.shut())
}

// session is one connection that runs a script: its handler, and its peer.
type session struct {
	trace
	s       *Script
	r       *Runner
	l       *loop.Loop
	conn    *loop.Conn
	peer    int // -1: closed
	deaf    bool
	element []byte // what was collected of it before the present piece
	found   int
	asked   bool // a close was called
	closed  bool
	cause   error
	peerEnd string
	heard   uint64 // Stats.BytesOut, as far as the peer has read
}

// open makes the connection.
func (x *session) open() error {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	x.peer, x.heard = fds[1], x.l.Stats().BytesOut
	var bad error
	if err := x.l.Adopt(fds[0], func(c *loop.Conn) loop.Handler {
		x.conn = c
		c.SetDelivery(x.r.delivery)
		if x.s.Term.Kind != TermUnset {
			bad = set(c, &x.s.Term)
		}
		return x
	}); err != nil {
		return err
	}
	return errors.Join(x.settle(), bad)
}

// set is set_terminator.
func set(c *loop.Conn, t *Term) error {
	term := match.None
	var err error
	switch {
	case t.Kind == TermCount:
		term, err = match.Count(t.N)
	case t.ends():
		term, err = match.Literal(t.Lit)
	}
	if err == nil {
		c.SetTerminator(term)
	}
	return err
}

// termText is T of the traces.
func termText(t match.Terminator) string {
	switch t.Kind() {
	case match.KindNone:
		return "-"
	case match.KindCount:
		return "#" + strconv.FormatInt(t.Count(), 10)
	}
	return "=" + Text(t.Bytes()).String()
}

// Receive implements loop.Handler.
func (x *session) Receive(c *loop.Conn, data []byte, found bool) error {
	x.collect(data)
	if !found {
		x.element = append(x.element, data...)
		return nil
	}
	x.add("!" + termText(c.Terminator()))
	if len(x.s.Steps) > 0 {
		step := x.s.Steps[x.found%len(x.s.Steps)]
		for i := range step {
			if err := x.do(c, &step[i], data); err != nil {
				x.add("?")
			}
		}
	}
	x.found++
	x.element = x.element[:0]
	return nil
}

// do makes one call.
func (x *session) do(c *loop.Conn, op *Op, data []byte) error {
	switch op.Do {
	case DoSet:
		return set(c, &op.Term)
	case DoPush:
		return c.Push(op.Data)
	case DoFill:
		return c.Push(fill(op.Size))
	case DoEcho:
		return errors.Join(c.Push(x.element), c.Push(data))
	case DoProducer, DoFalsy:
		return c.PushProducer(&chunks{source{op.Chunks}})
	case DoSimple:
		p, err := producer.Bytes(op.Data, op.Size)
		if err != nil {
			return err
		}
		return c.PushProducer(p)
	case DoWhenDone:
		x.asked = true
		c.CloseWhenDone()
		x.add("w")
	case DoClose:
		x.asked = true
		c.Close()
		x.add("x")
	case DoDiscard:
		c.Discard()
	default:
		return fmt.Errorf("chat: no such call: %q", op.Do)
	}
	return nil
}

// chunks is asynchat's kind of producer: nothing is the end.
type chunks struct{ source }

// More implements producer.Producer.
func (p *chunks) More() ([]byte, error) {
	if chunk := p.more(); len(chunk) > 0 {
		return chunk, nil
	}
	return nil, io.EOF
}

// Closed implements loop.Closer.
func (x *session) Closed(_ *loop.Conn, cause error) { x.closed, x.cause = true, cause }

// run writes the stream, chunk by chunk.
func (x *session) run() error {
	stream := x.s.Stream
	for i, n := range x.s.Chunks {
		if x.asked || x.closed || x.peerEnd != "" {
			break
		}
		if err := x.chunk(stream[:n], i == len(x.s.Chunks)-1); err != nil {
			return err
		}
		stream = stream[n:]
	}
	if x.s.End == EndStream && !x.asked && !x.closed || x.asked && !x.closed {
		if err := unix.Shutdown(x.peer, unix.SHUT_WR); err != nil {
			return os.NewSyscallError("shutdown", err)
		}
		if err := x.settle(); err != nil {
			return err
		}
		x.received()
	}
	x.add("end " + x.how())
	if x.peerEnd != "" {
		x.add("peer " + x.peerEnd)
	}
	return nil
}

// how says how the connection ended.
func (x *session) how() string {
	switch {
	case !x.closed:
		return "open"
	case x.cause == nil:
		return "self"
	case errors.Is(x.cause, io.EOF):
		return "peer"
	}
	return "error " + x.cause.Error()
}

// chunk is one write of the peer, and all that follows.
func (x *session) chunk(p []byte, last bool) error {
	if n, err := unix.Write(x.peer, p); n != len(p) {
		return fmt.Errorf("chat: wrote %d bytes of %d: %w", n, len(p), err)
	}
	if last && x.s.End == EndHangUp {
		unix.Close(x.peer)
		x.peer = -1
		return x.settle()
	}
	if err := x.settle(); err != nil {
		return err
	}
	if x.deaf {
		x.add("~" + strconv.Itoa(x.found))
		x.deaf = false
		if err := x.settle(); err != nil {
			return err
		}
	}
	if !x.asked && !x.closed {
		x.add("." + termText(x.conn.Terminator()))
	}
	x.received()
	return nil
}

// settle runs rounds until two in a row do nothing: what one round schedules the next one does.
func (x *session) settle() error {
	const most = 100_000
	before := x.progress()
	for calm, n := 0, 0; calm < 2; n++ {
		if err := x.l.Poll(0); err != nil {
			return err
		}
		now := x.progress()
		if calm++; now != before {
			calm = 0
		}
		if before = now; x.audible(&now) && x.listen() {
			calm = 0
		}
		if n == most {
			return fmt.Errorf("chat: the connection does not come to rest in %d rounds: %s", most, x.s)
		}
	}
	return nil
}

// progress is what changes while anything happens.
type progress struct{ in, out, events, conns uint64 }

func (x *session) progress() progress {
	s := x.l.Stats()
	return progress{s.BytesIn, s.BytesOut, s.Events, s.Opened + s.Closed}
}

// audible tells whether there may be something for the peer to read.
func (x *session) audible(now *progress) bool {
	return !x.deaf && x.peerEnd == "" && x.peer >= 0 && (x.asked || x.closed || now.out > x.heard)
}

// listen has the peer read; it tells whether there was anything.
func (x *session) listen() bool {
	n, err := unix.Read(x.peer, x.r.buf)
	switch {
	case err == unix.ECONNRESET:
		x.peerEnd = "reset"
	case err != nil:
		return false
	case n == 0:
		x.peerEnd = "eof"
	default:
		x.out = append(x.out, x.r.buf[:n]...)
		x.heard += uint64(n)
	}
	return true
}

// shut ends what the script left open, and checks that the connection is gone.
func (x *session) shut() error {
	if !x.closed {
		x.conn.Close()
	}
	err := x.l.Poll(0)
	if x.peer >= 0 {
		unix.Close(x.peer)
	}
	s := x.l.Stats()
	if err == nil && (!x.closed || s.Conns != 0 || s.BlockBytes != 0) {
		err = fmt.Errorf("chat: %d connections and %d bytes are left of %s", s.Conns, s.BlockBytes, x.s)
	}
	if s.Panics > 0 {
		err = errors.Join(err, fmt.Errorf("chat: %w by %s", loop.ErrPanic, x.s))
	}
	return err
}
