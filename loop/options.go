//go:build linux

package loop

import (
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// Balance is how a Set shares accepted connections between its loops.
type Balance uint8

const (
	// ReusePort gives each loop a listening socket of its own with SO_REUSEPORT; the kernel shares
	// connections by a hash of the addresses (socket(7)). Unix sockets, which the kernel does not
	// share so, use RoundRobin.
	ReusePort Balance = iota
	// RoundRobin accepts on one loop and gives each loop its turn.
	RoundRobin
	// LeastConns accepts on one loop and gives to the loop with the fewest connections.
	LeastConns
	// SourceHash accepts on one loop and gives by a hash (xxhash) of the peer's address without its
	// port, so that one client always meets the same loop.
	SourceHash
)

// Oversize is what is done with an element above Options.MaxElement.
type Oversize uint8

const (
	// CloseOversize closes the connection with ErrElementTooLong.
	CloseOversize Oversize = iota
	// DiscardOversize drops the element to its end, tells an Oversizer, and goes on.
	DiscardOversize
)

// Overflow is what is done when queued output passes Options.MaxOutput.
type Overflow uint8

const (
	// CloseOverflow closes the connection with ErrOutputFull: the slow reader is evicted.
	CloseOverflow Overflow = iota
	// RefuseOverflow makes the push that would pass the cap return ErrOutputFull, with nothing queued.
	RefuseOverflow
)

// Options tunes a Set or a Loop. The zero value is good; a zero field means its default. For a time
// or a count, a negative value means no limit where the field says so.
type Options struct {
	// Loops is the number of loops of a Set: default GOMAXPROCS, at most 1024.
	Loops int
	// Pin binds the thread of loop i to the i-th CPU that the process may use
	// (sched_setaffinity(2)).
	Pin bool
	// Balance shares accepted connections between loops.
	Balance Balance
	// RingBytes is the size of the ring that a loop reads into, and so the most that one read
	// takes: default 256 KiB, 4 KiB to 16 MiB, rounded up to a power of two.
	RingBytes int
	// MaxElement is the longest element of Whole delivery in bytes, its terminator not counted:
	// default 64 KiB, at most 256 MiB.
	MaxElement int
	// Oversize is what happens beyond MaxElement.
	Oversize Oversize
	// HighWater and LowWater bound queued output in bytes: above HighWater (default 1 MiB) the
	// connection is read no more, at LowWater (1 at the least, default a quarter of HighWater) it
	// is again, and a Drainer is told. Each queued piece counts 1 KiB above its bytes.
	HighWater, LowWater int
	// MaxOutput is the hard cap of queued output in bytes, counted likewise: default 64 MiB; never
	// below HighWater. Negative: 2 GiB - 1, the most.
	MaxOutput int
	// Overflow is what happens beyond MaxOutput.
	Overflow Overflow
	// MaxConns is the most connections open at once in each Loop: default 1 Mi. At the limit,
	// listeners pause and Dial returns ErrTooManyConns.
	MaxConns int
	// AcceptBudget is the most connections accepted in a turn of a loop: default 64.
	AcceptBudget int
	// Backlog of listening sockets: default 4096, cut by the kernel to net.core.somaxconn (listen(2)).
	Backlog int
	// WriteBudget is the most bytes of queued output written to a connection in a turn: default 4 MiB.
	WriteBudget int
	// MaxPosted is the most posted functions and PushAsync calls that may wait for a loop: default
	// 1 Mi; their bytes are bounded by MaxOutput, and 1 MiB at least.
	MaxPosted int
	// IdleTimeout closes a connection with ErrIdle when nothing arrives on it, and none of its
	// output leaves, for so long, while it is paused too: default 10 minutes. Negative: no limit.
	IdleTimeout time.Duration
	// ElementTimeout is the time from the first byte of an element to its end, in Whole delivery:
	// default 60 s, then ErrElementTimeout. Negative: no limit.
	ElementTimeout time.Duration
	// MinRate is the least rate in bytes a second at which a peer has to send an element, in Whole and in
	// Pieces delivery, from the element's first byte to its end: default 0, no limit. A connection that
	// receives less than MinRate × RatePeriod in a RatePeriod closes with ErrTooSlow. It does not run
	// between elements, with the terminator None, nor while the connection is paused or above HighWater.
	MinRate int
	// RatePeriod is the time over which MinRate is measured, anew for each element: default 10 s.
	RatePeriod time.Duration
	// OutputTimeout closes a connection with ErrOutputTimeout when its queued output takes longer than this
	// from passing HighWater to falling to LowWater, whatever progress it makes: default 0, no limit. It does not run once the
	// connection is closing, where DrainTimeout rules. Negative: no limit.
	OutputTimeout time.Duration
	// ConnectTimeout bounds a Dial: default 30 s, then ErrConnectTimeout. Negative: the kernel's.
	ConnectTimeout time.Duration
	// DrainTimeout bounds the closing of each connection by CloseWhenDone, and so by Shutdown: the
	// time without any progress in delivering what is queued, and the time for the peer to end its
	// side once all was sent. Default 5 s; then ErrDrainTimeout. It also is what a paused connection
	// has to go on when a write has found its peer gone.
	DrainTimeout time.Duration
	// DrainBytes is the most that is read and dropped from a peer after CloseWhenDone has delivered
	// all: default 16 MiB; then the connection is closed with ErrDrainTimeout.
	DrainBytes int
	// StallTimeout is how long a turn of a loop may take, which is to say its callbacks, before the watchdog of
	// Run reports it: default 1 s. Negative: no watchdog. Poll has none.
	StallTimeout time.Duration
	// Stalled, if it is set, is told of each stall: which loop, and for how long it has been in one turn. It is called on the
	// watchdog's goroutine while the loop is still blocked, so it must not wait for that; Run does not return before it has. A panic
	// in it is logged.
	Stalled func(l *Loop, d time.Duration)
	// SharePort lets several processes listen on one TCP port under ReusePort, for a restart
	// without a gap. By default Listen refuses a port that another process listens on, which
	// SO_REUSEPORT alone would not.
	SharePort bool
	// Nagle leaves Nagle's algorithm on; by default TCP_NODELAY is set (tcp(7)), for replies leave
	// in one write anyway.
	Nagle bool
	// NoReuseAddr leaves SO_REUSEADDR off listening TCP sockets; by default it is set.
	NoReuseAddr bool
	// NoOffload leaves UDP_GRO and UDP_SEGMENT (udp(7)) off datagram sockets; by default they are used
	// where the kernel has them.
	NoOffload bool
	// Logger gets what no callback can be told: panics without a Failer, accept failures (at most
	// one line a second), stalls (one a minute). Default slog.Default().
	Logger *slog.Logger

	calls *sys.Calls // the seam; System unless a test sets it
}

const maxElementLimit = 256 << 20

// withDefaults returns o with every zero field set, or an error wrapping ErrOption.
func (o Options) withDefaults() (Options, error) {
	def(&o.Loops, runtime.GOMAXPROCS(0))
	def(&o.RingBytes, 256<<10)
	def(&o.MaxElement, 64<<10)
	def(&o.HighWater, 1<<20)
	def(&o.LowWater, o.HighWater/4)
	def(&o.MaxOutput, max(64<<20, o.HighWater))
	def(&o.MaxConns, 1<<20)
	def(&o.AcceptBudget, 64)
	def(&o.Backlog, 4096)
	def(&o.WriteBudget, 4<<20)
	def(&o.MaxPosted, 1<<20)
	def(&o.IdleTimeout, 10*time.Minute)
	def(&o.ElementTimeout, time.Minute)
	def(&o.RatePeriod, 10*time.Second)
	def(&o.ConnectTimeout, 30*time.Second)
	def(&o.DrainTimeout, 5*time.Second)
	def(&o.StallTimeout, time.Second)
	def(&o.DrainBytes, 16<<20)
	if o.MaxOutput < 0 {
		o.MaxOutput = 1<<31 - 1
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.calls == nil {
		o.calls = sys.System()
	}
	return o, o.check()
}

func def[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (o *Options) check() error {
	ranges := []struct {
		name     string
		v        int
		min, max int
	}{
		{"Loops", o.Loops, 1, 1024},
		{"RingBytes", o.RingBytes, 4 << 10, 16 << 20},
		{"MaxElement", o.MaxElement, 1, maxElementLimit},
		{"HighWater", o.HighWater, 1, 1<<31 - 1},
		{"LowWater", o.LowWater, 0, o.HighWater},
		{"MaxOutput", o.MaxOutput, o.HighWater, 1<<31 - 1},
		{"MaxConns", o.MaxConns, 1, 1 << 24},
		{"AcceptBudget", o.AcceptBudget, 1, 1 << 20},
		{"Backlog", o.Backlog, 1, 1 << 20},
		{"WriteBudget", o.WriteBudget, 1, 1<<31 - 1},
		{"MaxPosted", o.MaxPosted, 1, 1<<31 - 1},
		{"DrainBytes", o.DrainBytes, 1, 1<<31 - 1},
		{"MinRate", o.MinRate, 0, 1<<31 - 1},
		{"RatePeriod", wholeMs(o.RatePeriod), 1, 1 << 30},
		{"DrainTimeout", wholeMs(o.DrainTimeout), 1, 1 << 30},
		{"Balance", int(o.Balance), int(ReusePort), int(SourceHash)},
		{"Oversize", int(o.Oversize), int(CloseOversize), int(DiscardOversize)},
		{"Overflow", int(o.Overflow), int(CloseOverflow), int(RefuseOverflow)},
	}
	for _, r := range ranges {
		if r.v < r.min || r.v > r.max {
			return fmt.Errorf("%w: %s is %d, not %d to %d", ErrOption, r.name, r.v, r.min, r.max)
		}
	}
	return nil
}

// wholeMs gives d in milliseconds, rounded down, and -1 or 1<<30 for what is beyond them: an int of 32 bits must not make a good
// value of a bad one.
func wholeMs(d time.Duration) int { return int(max(-1, min(d/time.Millisecond, 1<<30))) }

// ms gives d in the milliseconds of a loop's clock, rounded up; 0 for none.
func ms(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	n := int64(d / time.Millisecond)
	if d%time.Millisecond > 0 {
		n++
	}
	return n
}
