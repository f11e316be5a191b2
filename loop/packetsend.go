//go:build linux

package loop

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// refusedCost is what a call that sends nothing counts of the budget.
const refusedCost = 4 << 10

// flush sends what is queued, until the socket is full or budget bytes have left; the rest waits for EPOLLOUT. woken
// tells that the wait for room has ended just now: if there is none all the same, as for a unix socket whose peer is full,
// waiting for EPOLLOUT would spin.
func (pc *PacketConn) flush(budget int, woken bool) {
	if pc.begin(); pc.out == nil {
		return
	}
	l := pc.loop
	pc.blocked = false
	for pc.out.len() > 0 {
		if budget <= 0 {
			pc.blocked = true
			return
		}
		messages := pc.fill()
		n, errno := l.calls.Sendmmsg(pc.fd, l.packets.batch.out[:messages])
		l.packets.batch.forget(messages)
		if errno == 0 && n > 0 {
			budget -= pc.sent(n)
			woken = false
			continue
		}
		if errno == 0 { // nothing was taken and nothing is wrong
			errno = unix.EAGAIN
		}
		if !pc.refused(errno, woken) {
			return
		}
		budget -= refusedCost
	}
	pc.idle()
}

// fill makes messages of the first datagrams that are queued, and returns how many.
func (pc *PacketConn) fill() (messages int) {
	b, q := pc.loop.packets.batch, pc.out
	bytes := 0
	for i := q.head; i < len(q.entries) && messages < packetsOut && bytes < packetBytesOut; messages++ {
		e := &q.entries[i]
		name := uint32(0)
		if e.to.Named() {
			name = e.to.write(&b.outNames[messages], pc.family)
		}
		count, n := q.run(i, pc.segment)
		b.put(messages, q.bytesFrom(i, n), count, len(e.data), name)
		bytes += n
		i += count
	}
	return messages
}

// sent drops what the kernel has taken, n messages, and returns how many bytes they had.
func (pc *PacketConn) sent(n int) (bytes int) {
	l := pc.loop
	count := 0
	for _, c := range l.packets.batch.outCount[:n] {
		count += c
	}
	bytes = pc.out.pop(count, l.blocks)
	l.stats.PacketsOut += uint64(count)
	l.stats.BytesOut += uint64(bytes)
	l.stats.Writes++
	pc.retried, pc.rest = false, 0
	return max(bytes, 1)
}

// refused deals with an error of sending, which is that of the first message, and tells whether to go on.
func (pc *PacketConn) refused(errno unix.Errno, woken bool) bool {
	switch sys.OfDatagram(errno) {
	case sys.Retry:
		return true
	case sys.Wait:
		if pc.blocked = true; woken || pc.rest > 0 {
			pc.restSending()
		}
		return false
	case sys.Exhausted: // epoll would report that there is room
		pc.blocked = true
		pc.restSending()
		return false
	case sys.Fatal:
		pc.dropOutput()
		pc.shut(os.NewSyscallError("sendmmsg", errno))
		return false
	}
	pc.refuse(errno)
	return true
}

// refuse deals with an error that may be the first message's own, or an earlier datagram's that an ICMP message has left
// at the socket: so it is tried twice. A message of several datagrams that is refused for being one is sent as several,
// and the others of its size from then on; else it is lost.
func (pc *PacketConn) refuse(errno unix.Errno) {
	b, q := pc.loop.packets.batch, pc.out
	first := &q.entries[q.head]
	count := b.outCount[0]
	segment := pc.segment
	if count > 1 {
		segment = shorter(errno, segment, len(first.data))
	}
	if !pc.retried {
		pc.retried = true
		if pc.remote.Named() && ofNetwork(errno) && segment == pc.segment {
			pc.fault("write", pc.remote, errno)
		}
		return
	}
	pc.retried = false
	if segment < pc.segment {
		pc.segment = segment
		return
	}
	pc.fault("write", first.to, errno)
	pc.loop.stats.PacketsLost += uint64(count)
	q.pop(count, pc.loop.blocks)
}

// shorter is up to which size datagrams are sent as one message from now on, after an error of such a message, when
// those of its size were: less, if it is an error of the message's kind.
func shorter(errno unix.Errno, segment, size int) int {
	switch errno {
	case unix.EINVAL, unix.EMSGSIZE: // longer than what the way to the peer takes
		return size - 1
	case unix.EIO, unix.ENOPROTOOPT, unix.EOPNOTSUPP: // not with this device
		return 0
	}
	return segment
}
