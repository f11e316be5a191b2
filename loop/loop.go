//go:build linux

package loop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/mailbox"
	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/loop/internal/wheel"
	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/producer"
	"github.com/millrace-net/millrace/ringbuf"
)

// Loop is one epoll loop and the channels on it: connections, listeners, dispatchers. It is
// asyncore's map and loop() in one. A Set runs one on each core; a Loop can also be used alone.
//
// Methods are for the loop's goroutine, which is the one that Run or Poll is called on, or any
// goroutine before that, unless they say "any goroutine".
//
// Invariant: every slot that is not nil holds a connection with that slot, whose state is not
// closed; every closed connection is in graves until Closed was called; cur is nil outside
// callbacks, and only cur has bytes in stage.
type Loop struct {
	// What every event touches stands together, in a few lines of the cache: the kernel's work between two events leaves
	// little of them in the nearest one.
	calls     *sys.Calls
	space     []byte // all bytes of ring
	cur       *Conn  // whose event or message is being handled
	stage     stage  // what it has pushed
	slots     slots  // the connections
	nowMs     int64  // the time of the turn
	got, at   int    // events of this turn, and the next to handle
	events    []unix.EpollEvent
	stats     Stats
	sys       producer.Sys // for the queues
	epfd      int
	inTurn    bool  // Poll in a callback is refused, and Close put off
	mailed    bool  // the eventfd was readable
	polled    int   // how many channels are dispatchers
	ringBytes int   // what the ring should have
	yieldedMs int64 // when Run last let the scheduler in
	pulse     pulse // what the watchdog looks at

	// The rest of a turn.
	pending    []*Conn // to be settled in this turn
	pendingAt  int
	pendingEnd int
	graves     []*Conn // closed in this turn
	gravesAt   int
	obituaries []*Channel      // dispatchers that were closed and not told
	toTell     int             // how many of them in this turn; negative: all that there are
	askAt      int             // the next dispatcher to be asked
	closing    []int           // descriptors to close at the end of the turn
	closeAsked bool            // by a Close in a callback
	ending     bool            // Close has begun
	curChannel *Channel        // whose callback runs
	curPacket  *PacketConn     // whose callback runs
	packets    packets         // what the PacketConns share
	interest   unix.EpollEvent // what epoll_ctl is told; here because it would escape
	gen        uint32
	channels   []channel // listeners, dispatchers, the eventfd

	freeChannels []int // places in channels

	opts  Options
	index int // in its Set
	ring  *ringbuf.Ring
	spare *ringbuf.Ring      // the old ring, from replaceRing to its new owner
	cuts  [maxCuts]match.Cut // the ends of elements found ahead, while they are delivered
	wheel wheel.Wheel

	rings   *ringbuf.Pool
	blocks  *ringbuf.Blocks
	holds   []*hold
	outputs []*output

	mail    *mailbox.Box[message]
	eventfd int

	conns   atomic.Int64 // open connections, for balancing
	running atomic.Bool
	drain   drain
	done    chan struct{} // closed when the loop has ended

	closeOnce sync.Once
	addrMu    sync.Mutex // held while descriptors are closed: LocalAddr of other goroutines
}

// NewLoop returns a loop with no channels. It must be closed by Close, or by Run's return. The
// errors wrap ErrOption or the system call's.
func NewLoop(o Options) (*Loop, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return newLoop(o, 0)
}

func newLoop(o Options, index int) (*Loop, error) {
	l := &Loop{opts: o, calls: o.calls, index: index, epfd: -1, eventfd: -1, done: make(chan struct{})}
	l.ringBytes = o.RingBytes
	l.events = make([]unix.EpollEvent, 512)
	l.stage.init()
	l.rings = ringbuf.NewPool(ringbuf.PoolConfig{Calls: l.calls.Rings})
	l.blocks = ringbuf.NewBlocks(0)
	l.sys = producer.Sys{Calls: l.calls.Output, Get: l.blocks.Get, Put: l.blocks.Put}
	l.mail = mailbox.New[message](o.MaxPosted, max(o.MaxOutput, 1<<20), l.wakeUp)
	if err := l.open(); err != nil {
		l.release()
		return nil, err
	}
	l.tick()
	l.wheel.Init(l.nowMs)
	return l, nil
}

// open gets what the loop needs of the kernel.
func (l *Loop) open() (err error) {
	if l.epfd, err = l.calls.EpollCreate(); err != nil {
		l.epfd = -1
		return os.NewSyscallError("epoll_create1", err)
	}
	if l.eventfd, err = l.calls.Eventfd(); err != nil {
		l.eventfd = -1
		return os.NewSyscallError("eventfd", err)
	}
	if _, err = l.addChannel((*mailChannel)(l), l.eventfd, unix.EPOLLIN); err != nil {
		return err
	}
	ring, err := l.rings.Get(l.ringBytes)
	if err != nil {
		return fmt.Errorf("loop: ring: %w", err)
	}
	l.setRing(ring)
	openRuntimePoller()
	return nil
}

// openRuntimePoller makes a timer of Go's. With the first one the runtime opens an epoll of its own, and ends the process if
// there is no descriptor for it: that must not be the first Set.Stats after connections have taken them all.
func openRuntimePoller() { time.AfterFunc(time.Hour, func() {}).Stop() }

// release gives back what open got.
func (l *Loop) release() {
	l.mail.Close()
	for _, fd := range []*int{&l.eventfd, &l.epfd} {
		if *fd >= 0 {
			_ = l.calls.Close(*fd)
		}
		*fd = -1
	}
	if l.ring != nil {
		l.rings.Put(l.ring)
		l.ring, l.space = nil, nil
	}
	_ = l.rings.Close()
}

// tick reads the clock.
func (l *Loop) tick() { l.nowMs = l.calls.Now() / int64(time.Millisecond) }

// Run handles events on the calling goroutine, which it locks to its thread, until ctx is done or
// Shutdown has ended; then it closes the loop. When ctx is done it drains as Shutdown does, for at
// most twice Options.DrainTimeout. A watchdog of its own reports turns that take too long: see
// Options.StallTimeout. It returns nil after an orderly end, ErrRunning if the loop runs or ran, ErrGoexit, or the error
// of epoll_wait.
func (l *Loop) Run(ctx context.Context) error { return l.run(ctx, true) }

// run is Run; alone tells whether the loop needs a watchdog of its own.
func (l *Loop) run(ctx context.Context, alone bool) (err error) {
	if !l.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	if alone {
		defer watch(l.opts, l)()
	}
	l.pulse.beat() // the watchdog may have parked it before
	runtime.LockOSThread()
	if l.opts.Pin {
		// No unlock: a pinned thread ends with its goroutine and is not used for others.
		if err := pin(l.index); err != nil {
			l.opts.Logger.Warn("millrace: pinning a loop", "loop", l.index, "err", err)
		}
	} else {
		defer runtime.UnlockOSThread()
	}
	stop := context.AfterFunc(ctx, l.interrupt)
	defer stop()
	normal := false
	defer func() {
		if !normal {
			err = ErrGoexit
		}
		l.Close()
		l.pulse.sleep() // for ever
	}()
	for err == nil && !l.ended() {
		err = l.turn(-1)
		l.yield()
	}
	normal = true
	return err
}

// yieldMs is how long a loop runs before it passes through the scheduler, in milliseconds.
const yieldMs = 8

// yield passes through Go's scheduler now and then. A goroutine that does not for 10 ms is preempted by the
// runtime's monitor, sysmon, and one that is in a system call then has its P taken away at each look that sysmon has:
// so sysmon, finding work, never goes to sleep, and both cost each wake-up of a loop that mostly waits.
// A locked thread passes through the scheduler by way of another thread, which is why it is not done more often.
func (l *Loop) yield() {
	if l.nowMs-l.yieldedMs >= yieldMs {
		l.yieldedMs = l.nowMs
		runtime.Gosched()
	}
}

// Poll handles one round of events on the calling goroutine: what is ready within timeout
// (negative: waits for ever) and what follows from it. Polls must not overlap, nor be mixed with
// Run. No watchdog looks at it. It returns ErrClosed if the loop is closed, ErrRunning while Run does it, or the error of
// epoll_wait.
func (l *Loop) Poll(timeout time.Duration) error {
	select {
	case <-l.done:
		return ErrClosed
	default:
	}
	if l.running.Load() || l.inTurn {
		return ErrRunning
	}
	wait := -1
	if timeout >= 0 {
		wait = int(min(ms(timeout), 1<<31-1))
	}
	err := l.turn(wait)
	if l.closeAsked {
		return errors.Join(err, l.Close())
	}
	return err
}

// Len returns the number of channels: connections, listeners, dispatchers and datagram sockets.
func (l *Loop) Len() int { return int(l.conns.Load()) + l.channelCount() }

// Conns calls f with every open connection of the loop, until f returns false. f may close and push
// to any of them.
func (l *Loop) Conns(f func(c *Conn) bool) {
	for slot := uint32(0); slot < l.slots.n; slot++ {
		if c := l.slots.at(slot); c != nil && c.state&opened != 0 && !f(c) {
			return
		}
	}
}

// Dispatchers calls f with every Channel of the loop, until f returns false. f may close any of them.
func (l *Loop) Dispatchers(f func(ch *Channel) bool) {
	for at := range l.channels {
		if ch, ok := l.channels[at].handler.(*Channel); ok && !f(ch) {
			return
		}
	}
}

// CloseAll closes every channel of the loop, with cause for connections: asyncore's close_all.
func (l *Loop) CloseAll(cause error) {
	for slot := range l.slots.n {
		if c := l.slots.at(slot); c != nil {
			c.fail(cause)
		}
	}
	for _, ch := range l.channels {
		if ch.handler != nil {
			ch.handler.shut(cause)
		}
	}
}

// Close closes every channel with ErrShutdown, calls what callbacks are due, and gives back all
// that the loop holds. Posts that were accepted have run. Run calls it; without Run it is the
// user's to call, on the goroutine of Poll. In a callback it closes the channels, and the rest
// follows when the turn is over. Idempotent.
func (l *Loop) Close() error {
	if l.inTurn {
		l.closeAsked = true
		l.closeLeft()
		return nil
	}
	l.closeOnce.Do(func() {
		l.mail.Close()
		l.running.Store(true)
		l.leave()
		l.stage.reset() // of a callback that ended by runtime.Goexit, as the places that were handled before it
		l.pending = slices.DeleteFunc(l.pending, func(c *Conn) bool { return c == nil })
		l.got, l.at = 0, 0
		l.ending, l.inTurn = true, true // a Close in a callback is this one
		for done := false; !done; done = l.idle() {
			l.mail.Take() // what was accepted before the box closed still runs
			l.mailed = true
			l.CloseAll(ErrShutdown)
			l.finishTurn()
		}
		l.inTurn = false
		l.release()
		close(l.done)
	})
	return nil
}

// idle tells whether nothing is on the loop and nothing is to be done.
func (l *Loop) idle() bool {
	return l.Len() == 0 && l.due() == 0 && !l.mail.Waiting()
}

// due counts what is to be done without any event.
func (l *Loop) due() int {
	return len(l.pending) + len(l.graves) + len(l.obituaries) + len(l.closing) + len(l.packets.due)
}

var errNoCPU = errors.New("loop: no CPU to pin to")

// pin binds the calling thread to the index-th CPU it may run on.
func pin(index int) error {
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	count := all.Count()
	if count == 0 {
		return errNoCPU
	}
	for cpu, nth := 0, index%count; cpu < len(all)*64; cpu++ {
		if !all.IsSet(cpu) {
			continue
		}
		if nth == 0 {
			one.Set(cpu)
			return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &one))
		}
		nth--
	}
	return errNoCPU
}
