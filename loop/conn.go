//go:build linux

package loop

import (
	"sync/atomic"

	"github.com/millrace-net/millrace/loop/internal/wheel"
	"github.com/millrace-net/millrace/match"
)

// state is the set of flags that a connection's state is made of.
type state uint32

const (
	opened      state = 1 << iota // Opened was called, or needs no call
	connecting                    // a Dial waits for the kernel's answer
	paused                        // by Pause or Suspend
	above                         // queued output passed HighWater: neither read nor delivered
	readClosed                    // the peer's end of stream was read
	writeClosed                   // CloseWrite was called, or writing failed: pushes are refused
	writeShut                     // shutdown(SHUT_WR) was done
	closing                       // CloseWhenDone was called: input is read and dropped
	closed                        // off the loop's books; Closed follows at the end of the turn
	broken                        // writing failed: reads to the end of what arrived, then closes
	pieces                        // Pieces delivery
	discarding                    // inside an element that was too long
	delivering                    // inside deliver: the window is on the stack
	retermed                      // SetTerminator was called by the present callback
	scheduled                     // on the loop's ready list
	blocked                       // the socket is full: waits for EPOLLOUT
	urgent                        // the handler takes urgent bytes
	quitting                      // Shutdown: CloseWhenDone at the next element boundary
	detaching                     // Detach waits for the output to be written
	detached                      // the descriptor is another's now
	dropped                       // Discard was called by the present callback
	released                      // bury has given the buffers back
	mourned                       // bury has called Closed
	failed                        // Failed was called
	leaving                       // Shutdown: to be told
	relaying                      // what is received goes to another connection
	amid                          // a piece was delivered, and not yet the end of its element
	rated                         // has a least rate
	paced                         // amid an element whose rate is measured: rare has the period

	// undelivered stops delivery before the next byte.
	undelivered = paused | above | closing | closed | connecting | relaying
	// unsettled is what settle has to look into.
	unsettled = connecting | paused | above | readClosed | writeClosed | closing | closed | blocked | urgent | quitting |
		detaching | relaying
	// unwritable refuses pushes.
	unwritable = writeClosed | closing | closed
)

// Conn is one connection of a loop. Its life, in flags:
//
//	       Dial                 accept, Adopt
//	        │                        │
//	   [connecting]──error──┐        │ Factory, Opened
//	        │ writable      │        ▼
//	        └───────────────┼───▶ [open] ◀──Pause/Resume, above/Drained──▶ [open, not read]
//	                        │    │   │  │
//	       end of stream ───┼────┘   │  └─ CloseWrite: [writeClosed] ─flushed─▶ [writeShut]
//	       [readClosed]     │        │
//	        │ no HalfCloser │        │ CloseWhenDone
//	        └───────────────┼────────▼
//	                        │    [closing] flush, read and drop
//	                        │        │ flushed: shutdown(SHUT_WR)
//	                        │    [closing, writeShut] until the peer's end, a bound of time or bytes
//	                        ▼        │
//	Close, error ───────▶ [closed] ◀─┘
//	                        │ end of the turn: Closed(cause), then close(2)
//	                        ▼
//	                       gone
//
// Methods are for the loop's goroutine (callbacks, posted functions, timers) unless they say "any
// goroutine".
//
// Invariant: closed ⇒ no slot, no interest; bytes in l.stage ⇒ l.cur is this connection and out is
// nil; in == nil ⇒ scanned == 0; the first scanned bytes held in in were examined, and the
// matcher's carry is a suffix of them or, with in == nil, is held nowhere.
type Conn struct {
	loop    *Loop
	handler Handler
	fd      int32  // -1: none; written with loop.addrMu held
	slot    uint32 // index in loop.slots
	gen     uint32 // distinguishes this registration from others of the same slot
	events  uint32 // the interest that epoll knows; 0: not in the set
	state   state
	scanned int32 // bytes of in that were examined
	match   match.Matcher
	in      *hold   // an unfinished element, or bytes not delivered yet; nil while idle
	out     *output // what the socket has not taken; nil while idle

	activeMs  int64 // when bytes last came or went
	elementMs int64 // when the element in hand began; 0: between elements
	// What an event touches ends here: two lines of the cache, or three.

	rare    *rare       // what few connections need
	timer   wheel.Timer // for the next of its deadlines
	idleMax int32       // ms; 0: none
	elemMax int32       // ms; 0: none
	cause   error       // the first cause of closing
	peer    peer        // written with loop.addrMu held
	gone    atomic.Bool // closed, for other goroutines
}

// rare holds the state of connections that are dialling, closing, have a deadline, or were too slow for one read.
type rare struct {
	deadlineMs int64 // SetDeadline; 0: none
	drainMs    int64 // CloseWhenDone gives up; 0: not closing
	drainLeft  int   // bytes that may still be dropped
	unsent     int   // bytes that the peer had not acknowledged at the last look
	lookMs     int64 // when acknowledged looks again; 0: it does not
	lookEvery  int64 // ms between its last two looks
	closeErr   error // what Closed gets if closing ends well
	dial       *dialing
	detach     func(fd int, rest []byte)
	relay      *relay
	minRate    int   // SetMinRate, in bytes a second; 0: Options.MinRate
	rateMs     int64 // when the period began in which the rate of the element in hand is measured
	rateBytes  int64 // what was received since
	aboveMs    int64 // when output passed HighWater; kept where that has a time limit
	outMax     int32 // SetOutputTimeout, in ms; 0: none
	outSet     bool  // outMax holds, and not Options.OutputTimeout
}

func (c *Conn) extra() *rare {
	if c.rare == nil {
		c.rare = &rare{}
	}
	return c.rare
}

// Loop returns the connection's loop. Any goroutine.
func (c *Conn) Loop() *Loop { return c.loop }

// Handler returns the handler that callbacks go to.
func (c *Conn) Handler() Handler { return c.handler }

// SetHandler sends all later callbacks to h, from the next element on. It panics if h is nil.
func (c *Conn) SetHandler(h Handler) {
	if h == nil {
		panic("loop: SetHandler(nil)")
	}
	c.handler = h
	_, takes := h.(UrgentReader)
	if takes != (c.state&urgent != 0) {
		c.state ^= urgent
		if c.state&opened != 0 {
			c.loop.schedule(c)
		}
	}
}

// Terminator returns what ends the present element. Of a Count it is what is left of it, and
// match.None once it was reached.
func (c *Conn) Terminator() match.Terminator { return c.match.Terminator() }

// SetTerminator makes t the end of the present and later elements. It applies at once, to bytes
// already received and not delivered too: in a callback, to the byte after the delivered ones.
// Bytes of the old terminator that were held back are examined anew. Setting the literal that is
// set already changes nothing; setting a Count starts it anew.
func (c *Conn) SetTerminator(t match.Terminator) {
	if t.Kind() != match.KindCount && t.Equal(c.match.Terminator()) {
		return
	}
	c.loop.fitRing(t.MaxLen())
	if c.state&delivering != 0 {
		c.state |= retermed
		c.match.Reset(t)
		return
	}
	c.materialize()
	c.state &^= discarding
	c.match.Reset(t)
	c.scanned = 0
	if c.in != nil {
		c.loop.schedule(c)
	}
}

// Delivery returns how elements are delivered.
func (c *Conn) Delivery() Delivery {
	if c.state&pieces != 0 {
		return Pieces
	}
	return Whole
}

// SetDelivery changes how elements are delivered, from the next byte on. Switched to Pieces amid an
// element, what is held of it is delivered at once; switched to Whole, the element is what is still
// to come of it.
func (c *Conn) SetDelivery(d Delivery) {
	if d == c.Delivery() {
		return
	}
	c.state ^= pieces
	if c.state&delivering != 0 {
		return
	}
	if c.in != nil {
		c.loop.schedule(c)
	}
}

// materialize stores a carry that is held nowhere, so that it can be examined anew.
func (c *Conn) materialize() {
	if c.in == nil && c.state&(discarding|closed) == 0 && c.match.Held() > 0 {
		c.keepBlock(c.match.HeldBytes())
	}
}

// Pause stops delivery before the next byte, and reading; the peer is slowed down by TCP's window.
// While paused, an end of the peer's side is not seen. When a write finds that the peer has gone, a
// connection that stays paused for Options.DrainTimeout is closed with that error.
func (c *Conn) Pause() {
	c.state |= paused
	if c.state&broken != 0 {
		c.arm()
	}
	c.loop.schedule(c)
}

// Resume undoes Pause and Suspend: bytes already received are delivered in this turn or the next,
// never from within Resume.
func (c *Conn) Resume() {
	if c.state&paused != 0 {
		c.state &^= paused
		c.activeMs = c.loop.nowMs
		c.restartElement()
		c.loop.schedule(c)
	}
}

// Paused tells whether Pause or Suspend is in force.
func (c *Conn) Paused() bool { return c.state&paused != 0 }

// Suspend pauses the connection for work on another goroutine, and returns the function that
// resumes it. That function may be called from any goroutine, once; it runs reply (which may be
// nil) on the loop, if the connection is still open, and delivery goes on after that. It returns
// ErrClosed if the connection or the loop is closed already. The idle time runs while a connection
// is suspended: see SetIdleTimeout.
func (c *Conn) Suspend() (resume func(reply func(c *Conn)) error) {
	c.Pause()
	return func(reply func(c *Conn)) error {
		if c.gone.Load() {
			return ErrClosed
		}
		// One for each connection at most, so no limit applies: it must not stay suspended because
		// the loop has much to do.
		if c.loop.mail.PutAlways(message{conn: c, onConn: func(c *Conn) {
			c.Resume()
			if reply != nil {
				reply(c)
			}
		}}) != nil {
			return ErrClosed
		}
		return nil
	}
}

// Queued returns the bytes of output that wait in the connection's queue.
func (c *Conn) Queued() int64 {
	var n int64
	if c.out != nil {
		n = c.out.queue.Size()
	}
	if c.loop.cur == c {
		n += int64(c.loop.stage.size())
	}
	return n
}

// Discard drops what was received and not delivered, and what is queued and not written: asynchat's
// discard_buffers. An element begun goes on with the next byte received.
func (c *Conn) Discard() {
	if c.state&closed != 0 {
		return
	}
	if c.loop.cur == c {
		c.loop.stage.reset()
	}
	if c.state&delivering != 0 {
		c.state |= dropped
	} else {
		c.dropHold()
		c.endElement()
		c.match.Reset(c.match.Terminator())
	}
	if c.out != nil {
		c.out.queue.Discard()
		c.loop.schedule(c)
	}
}

// Post runs f with the connection on its loop, after what was posted before, if it is open then. It
// returns ErrClosed if the connection or the loop is closed already, ErrOverloaded if too much
// waits. Any goroutine.
func (c *Conn) Post(f func(c *Conn)) error {
	if c.gone.Load() {
		return ErrClosed
	}
	return c.loop.put(message{conn: c, onConn: f}, nil)
}

// PushAsync is Push from any goroutine: a copy of p is queued for the loop, in order with other
// PushAsync and Post calls of this goroutine. What it could not be pushed to, because the
// connection has closed by then, is dropped. It returns ErrClosed if the connection or the loop is
// closed already, ErrOverloaded if too much waits, and then has queued nothing.
func (c *Conn) PushAsync(p []byte) error {
	if c.gone.Load() {
		return ErrClosed
	}
	return c.loop.put(message{conn: c}, p)
}
