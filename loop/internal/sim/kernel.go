//go:build linux

package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
)

// FirstFD is the lowest descriptor: one that the process does not have, so that a call that passes by the seam finds
// nothing.
const FirstFD = 1 << 20

// Config is what a kernel is like.
type Config struct {
	Seed      uint64
	MaxFDs    int      // descriptors that may be open at once
	SendBytes [2]int   // the least and the most that a send buffer takes; a size is chosen for each socket
	RecvBytes [2]int   // the same of a receive buffer
	DelayNs   [2]int64 // of a segment on its way
	CallNs    int64    // the most that a system call takes
	TickNs    int64    // the grain of the clock that a loop reads
	JumpNs    int64    // the most that the clock jumps ahead in a wait, now and then; 0: it does not
	Faults    Faults
}

// Kernel is one kernel. It is used by one goroutine.
//
// Invariant: every open descriptor is in files, and lowest is not above the lowest that is free; no event lies before now
// but those that a call in progress has yet to find.
type Kernel struct {
	Config
	Counts
	// Progress counts what moved: bytes, connections, descriptors, interests. A loop that turns and turns without it spins.
	Progress uint64
	// Waited is how often a wait for events let time pass.
	Waited uint64
	// Connecting, if set, is told of each socket that a loop connects.
	Connecting func(s *Socket)

	// Over, if set, tells whether the loop may wait for ever. Its wait ends then without an event.
	Over func() bool
	// Curious lets the loop read where no event has told it to.
	Curious bool
	// Full is how often there was no descriptor left.
	Full uint64

	rand     *rand.Rand
	now      int64
	pending  eventHeap
	seq      uint64
	batch    uint64 // which fetch of events it is
	busy     bool   // events are being run
	files    []file
	open     int
	lowest   int
	ports    map[uint16]*Socket
	services map[uint16]Service
	nextPort uint16
	finding  error
	trace    trace
}

// Counts are what a kernel has done.
type Counts struct {
	Calls, Struck, Conns, Resets, Jumps, Bytes uint64
}

// epochNs is what a clock begins with.
const epochNs = int64(1e15)

// New returns a kernel whose clock is somewhere, as that of a real one.
func New(c Config) *Kernel {
	k := &Kernel{Config: c, rand: rand.New(rand.NewPCG(c.Seed, 0x6b65726e656c)), now: epochNs, nextPort: 32768,
		ports: map[uint16]*Socket{}, services: map[uint16]Service{}}
	k.trace.hash = 14695981039346656037
	return k
}

// Now is the time in nanoseconds.
func (k *Kernel) Now() int64 { return k.now }

// Open is the number of open descriptors.
func (k *Kernel) Open() int { return k.open }

// Err is the first thing that the loop did wrong, or nil.
func (k *Kernel) Err() error { return k.finding }

// Fail notes what is wrong, if it is the first, and what was called before.
func (k *Kernel) Fail(format string, args ...any) {
	if k.finding == nil {
		k.finding = fmt.Errorf("%s\n%s", fmt.Sprintf(format, args...), k.Trace(40))
	}
}

// FailOn is Fail, with the calls on one descriptor.
func (k *Kernel) FailOn(fd int, format string, args ...any) {
	if k.finding == nil {
		k.Fail("%s\n%s--", fmt.Sprintf(format, args...), k.trace.of(fd, 40))
	}
}

// After has f called once ns have passed.
func (k *Kernel) After(ns int64, f func()) { k.at(k.now+max(ns, 0), f) }

func (k *Kernel) at(when int64, f func()) {
	k.seq++
	heap.Push(&k.pending, event{when, k.seq, f})
}

// runDue runs what is due. An event may make further ones, and a call that an event makes does not come here again.
func (k *Kernel) runDue() {
	if k.busy {
		return
	}
	k.busy = true
	for len(k.pending) > 0 && k.pending[0].when <= k.now {
		heap.Pop(&k.pending).(event).f()
	}
	k.busy = false
}

// Idle tells whether nothing is going to happen by itself.
func (k *Kernel) Idle() bool { return len(k.pending) == 0 }

// between chooses a number from a range, small ones as often as large ones.
func (k *Kernel) between(r [2]int) int {
	if r[1] <= r[0] {
		return r[0]
	}
	span := r[1] - r[0]
	return r[0] + k.rand.IntN(1+span>>k.rand.IntN(12))
}

// delay is how long a segment takes.
func (k *Kernel) delay() int64 {
	lo, hi := k.DelayNs[0], k.DelayNs[1]
	if hi <= lo {
		return lo
	}
	return lo + k.rand.Int64N(hi-lo)
}

// event is something that will happen.
type event struct {
	when int64
	seq  uint64 // of two at one time, the one that was made first comes first
	f    func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }

func (h eventHeap) Less(i, j int) bool {
	return h[i].when < h[j].when || h[i].when == h[j].when && h[i].seq < h[j].seq
}

func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *eventHeap) Push(x any) { *h = append(*h, x.(event)) }

// Pop implements heap.Interface.
func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return e
}
