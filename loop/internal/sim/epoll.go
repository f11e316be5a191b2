//go:build linux

package sim

import "golang.org/x/sys/unix"

// epoll is an epoll instance.
//
// Invariant: a watch whose object has an event that it wants is in maybe.
type epoll struct {
	entry   node
	maybe   []*watch
	watched int
}

func (e *epoll) node() *node   { return &e.entry }
func (e *epoll) ready() uint32 { return 0 }
func (e *epoll) release()      {}

// watch is one descriptor's place in an epoll.
type watch struct {
	in     *epoll
	object object
	event  unix.EpollEvent
	queued bool // in maybe
	gone   bool
}

// touch says that what an object is ready for may have changed.
func (n *node) touch() {
	if w := n.watch; w != nil && !w.queued {
		w.queued = true
		w.in.maybe = append(w.in.maybe, w)
	}
}

// controlOp is the call that an operation of epoll_ctl(2) is.
func controlOp(operation int) op {
	switch operation {
	case unix.EPOLL_CTL_ADD:
		return opCtlAdd
	case unix.EPOLL_CTL_DEL:
		return opCtlDel
	}
	return opCtlMod
}

// control is epoll_ctl(2). What can only be the loop's mistake is one.
func (k *Kernel) control(o op, epfd, fd int, event *unix.EpollEvent) unix.Errno {
	e, _ := k.lookup(o, epfd).(*epoll)
	target := k.lookup(o, fd)
	if e == nil || target == nil {
		return unix.EBADF
	}
	n := target.node()
	if (n.watch == nil) != (o == opCtlAdd) {
		k.Fail("%s of descriptor %d: in epoll already or not at all", opNames[o], fd)
		return unix.ENOENT
	}
	k.Progress++
	switch o {
	case opCtlAdd:
		n.watch = &watch{in: e, object: target, event: *event}
		e.watched++
	case opCtlMod:
		n.watch.event = *event
	case opCtlDel:
		n.watch.gone = true
		n.watch = nil
		e.watched--
	}
	n.touch()
	return 0
}

// collect fetches events in any order, and may leave some for the next time. Like the kernel it asks the object now,
// and keeps in mind what it has reported.
func (k *Kernel) collect(e *epoll, events []unix.EpollEvent) int {
	room := len(events)
	if k.rand.IntN(4) == 0 {
		room = 1 + k.rand.IntN(min(room, 8))
	}
	k.rand.Shuffle(len(e.maybe), func(i, j int) { e.maybe[i], e.maybe[j] = e.maybe[j], e.maybe[i] })
	n, kept := 0, e.maybe[:0]
	for _, w := range e.maybe {
		if w.gone {
			continue
		}
		const always = unix.EPOLLERR | unix.EPOLLHUP
		got := w.object.ready() & (w.event.Events | always)
		if got == 0 {
			w.queued = false
			continue
		}
		kept = append(kept, w)
		if n < room {
			if s, is := w.object.(*Socket); is {
				s.told = k.batch
			}
			events[n] = unix.EpollEvent{Events: got, Fd: w.event.Fd, Pad: w.event.Pad}
			n++
		}
	}
	clear(e.maybe[len(kept):])
	e.maybe = kept
	return n
}

// wait is epoll_wait(2). Time passes in it until something is ready.
func (k *Kernel) wait(epfd int, events []unix.EpollEvent, ms int) int {
	e, ok := k.lookup(opWait, epfd).(*epoll)
	if !ok {
		return 0
	}
	end := k.now + int64(ms)*1e6
	if k.JumpNs > 0 && ms != 0 && k.rand.IntN(200) == 0 {
		k.Jumps++
		k.now += k.rand.Int64N(k.JumpNs)
	}
	for steps := 0; ; steps++ {
		k.runDue()
		if steps == 1e6 {
			k.Fail("the peers never rest, and the loop has nothing to do")
		}
		if n := k.collect(e, events); n > 0 || ms == 0 || k.finding != nil {
			return n
		}
		if ms > 0 && k.now >= end {
			return 0
		}
		next := end
		if len(k.pending) > 0 && (ms < 0 || k.pending[0].when < end) {
			next = k.pending[0].when
		} else if ms < 0 {
			if k.Over != nil && k.Over() {
				return 0
			}
			k.Fail("the loop waits for ever, and nothing will ever happen")
			return 0
		}
		k.Waited++
		k.now = max(k.now, next)
	}
}

// eventfd is an eventfd(2).
type eventfd struct {
	entry node
	count uint64
}

func (f *eventfd) node() *node { return &f.entry }
func (f *eventfd) release()    {}

func (f *eventfd) ready() uint32 {
	if f.count > 0 {
		return unix.EPOLLIN | unix.EPOLLOUT
	}
	return unix.EPOLLOUT
}
