//go:build linux

package loop

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/ringbuf"
)

// receive takes what one recvmmsg brings and delivers it; what is left makes epoll report again. It tells whether
// anything came, an error included.
func (pc *PacketConn) receive() (came bool) {
	l := pc.loop
	b := l.packets.batch
	b.prepare(pc.gro)
	for {
		n, errno := l.calls.Recvmmsg(pc.fd, b.in[:])
		if errno == 0 {
			b.filled = n
			if n > 0 {
				pc.rest = 0
			}
			pc.deliverBatch(n)
			return n > 0
		}
		switch sys.OfDatagram(errno) {
		case sys.Retry:
		case sys.Wait:
			return false
		case sys.Skip: // what an ICMP message has left at the socket; the next call finds what has come
			pc.fault("read", Peer{}, errno)
			if !ofNetwork(errno) {
				pc.restReading()
			}
			return true
		case sys.Exhausted:
			pc.fault("read", Peer{}, errno)
			pc.restReading()
			return true
		default:
			pc.shut(os.NewSyscallError("recvmmsg", errno))
			return true
		}
	}
}

// ofNetwork tells whether an error is one that the network reports of a datagram, and taken with that. Others might last.
func ofNetwork(errno unix.Errno) bool {
	switch errno {
	case unix.ECONNREFUSED, unix.ECONNRESET, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.ENETDOWN, unix.ENONET,
		unix.EPROTO, unix.ENOPROTOOPT, unix.EMSGSIZE, unix.EOPNOTSUPP, unix.EACCES:
		return true
	}
	return false
}

// deliverBatch hands over the first n messages, until the socket is closed.
func (pc *PacketConn) deliverBatch(n int) {
	b := pc.loop.packets.batch
	pc.inRead = true
	for i := 0; i < n && !pc.gone; i++ {
		from := peerOfName(&b.inNames[i], b.in[i].Hdr.Namelen)
		p, whole := b.message(i)
		switch {
		case !whole:
			pc.loop.stats.Truncated++
			pc.fault("read", from, ErrTruncated)
		case pc.gro:
			pc.deliverSegments(p, from, b.segment(i))
		default:
			pc.deliver(p, from)
		}
		if ringbuf.Poison {
			ringbuf.Fill(p)
		}
	}
	pc.inRead = false
}

// deliverSegments hands over the datagrams that the kernel has gathered, all of the given size but the last.
func (pc *PacketConn) deliverSegments(p []byte, from Peer, size int) {
	if size <= 0 {
		size = len(p)
	}
	for len(p) > size && !pc.gone {
		pc.deliver(p[:size:size], from)
		p = p[size:]
	}
	if !pc.gone {
		pc.deliver(p, from)
	}
}

// deliver hands over one datagram.
func (pc *PacketConn) deliver(p []byte, from Peer) {
	pc.loop.stats.PacketsIn++
	pc.loop.stats.BytesIn += uint64(len(p))
	if err := pc.handler.ReceivePacket(pc, p[:len(p):len(p)], from); err != nil {
		pc.shut(err)
	}
}
