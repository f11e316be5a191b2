//go:build linux

package loop

import (
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxFaults      = 16   // told for a turn
	quitBatches    = 64   // received at the end: a peer that goes on sending must not keep the loop from ending
	maxFree        = 16   // empty queues that are kept
	maxFreeEntries = 4096 // the room for datagrams of one
	minRest        = time.Millisecond
	maxRest        = 200 * time.Millisecond
)

// begin puts the socket on its loop.
func (pc *PacketConn) begin() {
	if pc.begun || pc.gone {
		return
	}
	l := pc.loop
	pc.begun = true
	if err := l.packets.acquire(l.rings); err != nil {
		pc.begun = false
		pc.dropOutput() // or shut would try to send it
		pc.shut(fmt.Errorf("loop: memory for datagrams: %w", err))
		return
	}
	at, err := l.addChannel(pc, pc.fd, pc.wanted())
	if err != nil {
		pc.shut(os.NewSyscallError("epoll_ctl", err))
		return
	}
	pc.at = at
}

// start is begin, on the loop, of a socket that another goroutine has made.
func (pc *PacketConn) start() {
	if pc.begin(); pc.gone {
		return
	}
	if pc.factory != nil {
		pc.loop.curPacket = pc
		if pc.handler = pc.factory(pc); pc.handler == nil {
			pc.shut(nil)
		}
	}
	if pc.loop.drain.asked {
		pc.quit()
	}
}

// isDueNow has the socket settled in this turn, or the next if none runs.
func (pc *PacketConn) isDueNow() {
	if !pc.isDue {
		pc.isDue = true
		pc.loop.packets.due = append(pc.loop.packets.due, pc)
	}
}

// wanted is the interest that the state calls for. While reading rests there is none: EPOLLERR and EPOLLHUP are
// reported always, and would spin.
func (pc *PacketConn) wanted() (events uint32) {
	if pc.restRead {
		return 0
	}
	if pc.reads() {
		events = unix.EPOLLIN
	}
	if pc.blocked && !pc.restSend {
		events |= unix.EPOLLOUT
	}
	return events
}

func (pc *PacketConn) reads() bool { return !pc.paused && !pc.above && !pc.restRead }

// waits tells whether sending waits for the kernel.
func (pc *PacketConn) waits() bool { return pc.blocked || pc.restSend }

// arm tells epoll what it has to know; in the steady state, nothing.
func (pc *PacketConn) arm() {
	if pc.gone || pc.at < 0 {
		return
	}
	if err := pc.loop.setChannel(pc.at, pc.wanted()); err != nil {
		pc.fault("epoll_ctl", Peer{}, err)
		pc.restReading() // and arms again
	}
}

// ready deals with one event.
func (pc *PacketConn) ready(events uint32) {
	pc.loop.curPacket = pc
	if events&unix.EPOLLOUT != 0 && pc.blocked {
		pc.blocked = false
		pc.flush(pc.loop.opts.WriteBudget, true)
	}
	if events&(unix.EPOLLIN|unix.EPOLLERR|unix.EPOLLHUP) != 0 && !pc.gone {
		if !pc.reads() {
			pc.takeError()
		} else {
			pc.read()
		}
	}
	if pc.out != nil && !pc.gone && !pc.waits() {
		pc.flush(pc.loop.opts.WriteBudget, false)
	}
	pc.afterwards()
}

// read receives. What epoll reports again, and is not there again, would spin.
func (pc *PacketConn) read() {
	got := pc.receive()
	if !got && pc.fruitless && !pc.gone {
		pc.rest = min(pc.rest, 4*minRest) // a bad checksum looks so too (udp(7)): strangers must not make it rest for long
		pc.restReading()
	}
	pc.fruitless = !got
}

// afterwards brings the interest up to date, and has told what there is to tell.
func (pc *PacketConn) afterwards() {
	if pc.faults != nil || pc.above {
		pc.isDueNow()
	}
	pc.arm()
}

// takeError takes the error of a socket that is not read.
func (pc *PacketConn) takeError() {
	errno, err := pc.loop.calls.GetsockoptInt(pc.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		pc.fault("read", Peer{}, unix.Errno(errno))
		return
	}
	pc.restReading()
}

// fault counts an error, and keeps it to be told.
func (pc *PacketConn) fault(op string, peer Peer, cause error) {
	pc.loop.stats.PacketErrors++
	if _, ok := pc.handler.(PacketFailer); !ok || len(pc.faults) == maxFaults {
		return
	}
	e := &net.OpError{Op: op, Net: pc.network, Source: pc.local, Err: cause}
	if !peer.Named() {
		peer = pc.remote
	}
	if peer.Named() {
		e.Addr = peer.Addr()
	}
	pc.faults = append(pc.faults, e)
}

// restReading and restSending wait for a while, longer each time, with something that would spin; wake ends that.
func (pc *PacketConn) restReading() {
	pc.restRead = true
	pc.startRest()
}

func (pc *PacketConn) restSending() {
	pc.restSend = true
	pc.startRest()
}

func (pc *PacketConn) startRest() {
	pc.rest = min(max(2*pc.rest, minRest), maxRest)
	if pc.timer == nil {
		pc.timer = pc.loop.After(pc.rest, pc.wake)
	} else {
		pc.timer.Reset(pc.rest)
	}
}

func (pc *PacketConn) wake() {
	pc.loop.curPacket = pc
	pc.restRead, pc.restSend, pc.blocked = false, false, false
	if pc.out != nil {
		pc.flush(pc.loop.opts.WriteBudget, true)
	}
	pc.afterwards()
	pc.loop.leave()
}

// panicked ends the socket whose callback panicked.
func (pc *PacketConn) panicked(err *PanicError) {
	pc.inRead = false
	pc.shut(err)
	pc.loop.opts.Logger.Error("millrace: panic in a callback of a datagram socket", "addr", pc.local, "panic", err.Value,
		"stack", string(err.Stack))
}

// shut takes the socket off the loop. What calls the user is done by settle, at the end of the turn.
func (pc *PacketConn) shut(cause error) {
	if pc.gone {
		return
	}
	if pc.out != nil {
		pc.flush(1<<31-1, false)
		if pc.gone { // the socket was found to be of no more use
			return
		}
	}
	pc.gone, pc.cause = true, cause
	if pc.timer != nil {
		pc.timer.Stop()
	}
	if pc.at >= 0 {
		pc.loop.removeChannel(pc.at)
	} else {
		pc.loop.closeLater(pc.fd)
	}
	pc.at = -1
	pc.path.remove()
	pc.dropOutput()
	pc.isDueNow()
}

// dropOutput counts what could not be sent.
func (pc *PacketConn) dropOutput() {
	if pc.out == nil {
		return
	}
	n := pc.out.len()
	pc.loop.stats.PacketsLost += uint64(n)
	pc.out.pop(n, pc.loop.blocks)
	pc.idle()
}

// idle gives back an empty queue, unless it has grown large.
func (pc *PacketConn) idle() {
	s := &pc.loop.packets
	if len(s.free) < maxFree && cap(pc.out.entries) <= maxFreeEntries {
		s.free = append(s.free, pc.out)
	}
	pc.out = nil
}

// quit answers what the kernel has taken for the socket, and closes.
func (pc *PacketConn) quit() {
	if pc.gone {
		return
	}
	pc.loop.curPacket = pc
	for n := 0; n < quitBatches && !pc.gone && pc.reads() && pc.receive(); n++ {
		if pc.out != nil && !pc.waits() {
			pc.flush(pc.loop.opts.WriteBudget, false)
		}
	}
	pc.loop.leave()
	pc.shut(ErrShutdown)
}

// queue returns an empty queue.
func (s *packets) queue() *packetQueue {
	if n := len(s.free); n > 0 {
		q := s.free[n-1]
		s.free = s.free[:n-1]
		return q
	}
	return new(packetQueue)
}

// settlePackets settles what was due before it began; what that makes due is for the next turn. After a panic it is
// called again, and goes on.
func (l *Loop) settlePackets() {
	s := &l.packets
	s.compact()
	for end := len(s.due); s.dueAt < end; {
		pc := s.due[s.dueAt]
		s.due[s.dueAt] = nil
		s.dueAt++
		pc.isDue = false
		l.curPacket = pc
		pc.settle()
		l.leave()
	}
	s.compact()
}

func (s *packets) compact() {
	n := copy(s.due, s.due[s.dueAt:])
	clear(s.due[n:])
	s.due, s.dueAt = s.due[:n], 0
}

// settle sends what is queued, and tells the handler what there is to tell.
func (pc *PacketConn) settle() {
	if !pc.gone && pc.out != nil && !pc.waits() {
		pc.flush(pc.loop.opts.WriteBudget, false)
	}
	if pc.faults != nil {
		pc.tellFaults()
	}
	pc.relieve()
	pc.arm()
	if pc.gone && !pc.isDue {
		pc.bury()
	}
}

// tellFaults tells the handler of the errors; what that leads to is for the next turn.
func (pc *PacketConn) tellFaults() {
	faults := pc.faults
	pc.faults = nil
	for _, err := range faults {
		if pc.gone {
			return
		}
		if stop := pc.handler.(PacketFailer).PacketFailed(pc, err); stop != nil {
			pc.shut(stop)
		}
	}
	if pc.faults != nil {
		pc.isDueNow()
	}
}

// relieve ends the backpressure when the queue has fallen to the low-water mark.
func (pc *PacketConn) relieve() {
	if !pc.above || pc.gone || pc.Queued() > pc.loop.opts.LowWater {
		return
	}
	pc.above = false
	if h, ok := pc.handler.(PacketDrainer); ok {
		if err := h.PacketDrained(pc); err != nil {
			pc.shut(err)
		}
	}
}

// bury tells the handler of the end, the last thing that it is told.
func (pc *PacketConn) bury() {
	if pc.begun {
		pc.begun = false
		pc.loop.packets.giveBack(pc.loop.rings)
	}
	h := pc.handler
	pc.handler = nil
	if h, ok := h.(PacketCloser); ok {
		h.PacketClosed(pc, pc.cause)
	}
}
