//go:build linux

package loop

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// run is one scenario with one fault.
//
// Invariant: in the end every witness of an opened connection was closed once, and the process has what it had before.
type run struct {
	in        *injector
	l         *Loop
	ln        *Listener // one that still has to serve when the fault has cleared; or nil
	endpoints []*endpoint
	witnesses []*witness
	streams   []stream
	owed      []func() error // checks of what holds where nothing may be lost
	always    []func() error // of what holds in any case
	refused   []error        // what the loop's own functions answered
	problems  []string
	excused   bool // the loop owes nothing, as the fault is one that it has to believe
	quiet     int  // turns in a row that brought events and moved nothing
	broken    int  // errors of Poll
}

// witness sees the life of one connection.
type witness struct {
	opens, closes int
	cause         error
}

// stream is bytes on their way from one place to another.
type stream struct {
	name string
	want []byte
	got  *[]byte
	of   *witness // the connection that has to say so if they do not arrive; nil: none came to be
	from string   // the name of the endpoint whose connection that is
}

func (r *run) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// options are those of a run: limits that the clock of the injector comes to soon.
func (r *run) options() Options {
	return Options{
		RingBytes: 16 << 10, HighWater: 16 << 10, MaxElement: 64 << 10,
		IdleTimeout: 800 * time.Millisecond, DrainTimeout: 300 * time.Millisecond, ConnectTimeout: 500 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), calls: r.in.calls(),
	}
}

// refuse notes an error that a function of the loop returned, and tells whether it is one.
func (r *run) refuse(err error) bool {
	if err != nil {
		r.refused = append(r.refused, err)
	}
	return err != nil
}

// watch has w see what becomes of a connection with the handler h.
func (r *run) watch(h *hooks) (*hooks, *witness) {
	w := &witness{}
	opened, closed, receive := h.opened, h.closed, h.receive
	h.opened = func(c *Conn) error {
		if w.opens++; w.closes > 0 {
			r.problem("Opened after Closed")
		}
		if opened != nil {
			return opened(c)
		}
		return nil
	}
	h.closed = func(c *Conn, cause error) {
		w.closes++
		w.cause = cause
		if closed != nil {
			closed(c, cause)
		}
	}
	h.receive = func(c *Conn, data []byte, found bool) error {
		if w.closes > 0 || w.opens != 1 {
			r.problem("Receive, opened %d times and closed %d times", w.opens, w.closes)
		}
		if receive != nil {
			return receive(c, data, found)
		}
		return nil
	}
	r.witnesses = append(r.witnesses, w)
	return h, w
}

// end makes fd one that the run serves.
func (r *run) end(fd int, out string) *endpoint {
	e := &endpoint{fd: fd, out: []byte(out)}
	r.endpoints = append(r.endpoints, e)
	return e
}

// carry notes that the endpoint has to get want, from w's connection; w is nil if a listener has yet to make that.
func (r *run) carry(name string, e *endpoint, want string, w *witness) {
	r.streams = append(r.streams, stream{name, []byte(want), &e.got, w, e.name})
}

// pair adopts one end of a socket pair, whose buffers take about size bytes, and returns the other one.
func (r *run) pair(size int, out string, h Handler, setup func(c *Conn)) *endpoint {
	fds, err := unixPair(size)
	if err != nil {
		r.problem("%v", err)
		return &endpoint{fd: -1}
	}
	r.refuse(r.l.Adopt(fds[0], func(c *Conn) Handler {
		if setup != nil {
			setup(c)
		}
		return h
	}))
	return r.end(fds[1], out)
}

// listen listens, with handlers of make for what comes.
func (r *run) listen(network, address string, make func(c *Conn) *hooks) (*Listener, bool) {
	ln, err := r.l.Listen(network, address, func(c *Conn) Handler {
		h, w := r.watch(make(c))
		name := ""
		if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
			name = a.String()
		}
		for i := range r.streams {
			if s := &r.streams[i]; s.of == nil && s.from == name {
				s.of = w
			}
		}
		return h
	})
	return ln, !r.refuse(err)
}

// client is an endpoint that is connected to a listener.
func (r *run) client(ln *Listener, out string) *endpoint {
	fd, err := connectTo(ln.Addr())
	if err != nil {
		r.problem("a client: %v", err)
		return &endpoint{fd: -1}
	}
	e := r.end(fd, out)
	if sa, err := unix.Getsockname(fd); err == nil && family(sa) != unix.AF_UNIX {
		e.name = netAddrOf(sa).String()
	}
	return e
}

// poll runs one turn, and tells whether the loop is worth another.
func (r *run) poll() bool {
	moved, jumps := r.in.moved, r.in.jumps
	s := r.l.Stats()
	if err := r.l.Poll(25 * time.Millisecond); err != nil {
		r.refuse(err)
		r.broken++
		return r.broken < 5
	}
	if err := r.l.check(); err != nil {
		r.problem("%v", err)
		return false
	}
	now := r.l.Stats()
	if r.in.moved > moved || r.in.jumps > jumps || now.Opened > s.Opened || now.Closed > s.Closed || now.Elements > s.Elements {
		r.quiet = 0
	} else if r.quiet++; r.quiet > 150 { // a brief fault takes 50
		r.problem("%d turns, and nothing came of them", r.quiet)
		return false
	}
	return true
}

// pumpNs is the most time on the injector's clock that anything may take.
const pumpNs = int64(4 * time.Second)

// pump serves the endpoints and the loop in turn until done. It tells whether it came to that.
func (r *run) pump(done func() bool) bool {
	known := len(r.problems)
	for end := r.in.now() + pumpNs; !done(); {
		if len(r.problems) > known || r.in.now() > end {
			return false
		}
		for _, e := range r.endpoints {
			e.step()
		}
		if !r.poll() {
			return false
		}
	}
	return true
}

// settled tells whether all endpoints are over and all connections closed.
func (r *run) settled() bool {
	for _, e := range r.endpoints {
		if !e.over() {
			return false
		}
	}
	return r.closed()
}

func (r *run) closed() bool {
	s := r.l.Stats()
	return s.Opened == s.Closed
}

// serveAnew checks that the loop serves a fresh connection, and the listener too, if there is one.
func (r *run) serveAnew() {
	before := len(r.endpoints)
	fds, err := unixPair(0)
	if err != nil {
		r.problem("%v", err)
		return
	}
	const text = "again\r\n"
	h, _ := r.watch(&hooks{receive: echoTo})
	if err := r.l.Adopt(fds[0], func(c *Conn) Handler { return h }); err != nil {
		r.problem("a fresh connection is refused: %v", err)
	}
	r.end(fds[1], text)
	if r.ln != nil {
		if fd, err := connectTo(r.ln.Addr()); err != nil {
			r.problem("a fresh client: %v", err)
		} else {
			r.end(fd, text)
		}
	}
	fresh := r.endpoints[before:]
	if !r.pump(func() bool {
		for _, e := range fresh {
			if !e.over() {
				return false
			}
		}
		return true
	}) {
		r.problem("fresh connections are not served to the end")
	}
	for _, e := range fresh {
		if string(e.got) != text {
			r.problem("a fresh connection got %q, %v", e.got, e.failed)
		}
	}
}

// echoTo sends back what comes.
func echoTo(c *Conn, data []byte, _ bool) error { return c.Push(data) }

// torture runs a scenario with a fault. It returns what is wrong, and the injector with its counts.
func torture(play func(r *run), f fault, paceMs int) (problems []string, in *injector) {
	before := holding()
	r := &run{in: newInjector(f, paceMs)}
	r.play(play)
	for _, e := range r.endpoints {
		e.close()
	}
	after := holding()
	for range 200 { // a producer's goroutine ends a moment after its queue
		if after.within(before) {
			break
		}
		time.Sleep(5 * time.Millisecond)
		after = holding()
	}
	if !after.within(before) {
		r.problem("before %+v, after %+v", before, after)
	}
	return r.problems, r.in
}

// play runs the scenario and all that has to follow.
func (r *run) play(play func(r *run)) {
	defer func() {
		if v := recover(); v != nil {
			buf := make([]byte, 1<<14)
			r.problem("panic: %v\n%s", v, buf[:runtime.Stack(buf, false)])
		}
	}()
	opts, err := r.options().withDefaults()
	if err == nil {
		r.l, err = newLoop(opts, 0)
	}
	if err != nil {
		if r.in.hits == 0 || r.in.fault.harmless() {
			r.problem("NewLoop: %v", err)
		}
		return
	}
	play(r)
	r.judge()
	r.in.clear()
	r.broken, r.quiet = 0, 0
	r.serveAnew()
	for _, e := range r.endpoints {
		e.close()
	}
	if !r.pump(r.closed) && len(r.problems) == 0 {
		r.problem("connections do not end: %+v", r.l.Stats())
	}
	r.l.Close()
	r.bury()
}
