//go:build linux

package loop

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/ringbuf"
)

const (
	// packetRing is the size of the memory that a loop receives datagrams into. Only what is written to becomes resident.
	packetRing = 2 << 20
	// packetStride is from one datagram's place in it to the next's: MaxPacket, and so much more that the first bytes of
	// different datagrams do not all fall into the same set of the processor's cache.
	packetStride = MaxPacket + 33*64
	// packetsIn is how many messages one recvmmsg takes; with UDP_GRO each may hold up to 64 datagrams.
	packetsIn = packetRing / packetStride
	// packetsOut is how many messages one sendmmsg sends, and packetBytesOut from how many bytes on it takes no more.
	packetsOut     = 64
	packetBytesOut = 256 << 10
	// maxSegments and maxSegmented bound a message of several datagrams: UDP_MAX_SEGMENTS, and the payload of an IPv4
	// packet (udp(7), UDP_SEGMENT).
	maxSegments  = 64
	maxSegmented = 65507
)

// packets is what the PacketConns of a loop share.
//
// Invariant: batch is nil if and only if no PacketConn of the loop has begun and not been buried; queues[free] are
// empty; every PacketConn in due[dueAt:] has isDue set.
type packets struct {
	batch *packetBatch
	users int            // PacketConns that have begun and not been buried
	due   []*PacketConn  // to be settled in this turn
	dueAt int            // the next of them
	free  []*packetQueue // empty ones
}

// packetControl is room for one control message.
type packetControl struct {
	head unix.Cmsghdr
	data [16]byte
}

// packetBatch is the memory of recvmmsg and sendmmsg, one for each loop: an idle socket owns none.
type packetBatch struct {
	ring   *ringbuf.Ring
	filled int  // messages of in that the last call has written to
	named  bool // what in was made for: a control message is wanted

	in        [packetsIn]sys.Mmsghdr
	inSlices  [packetsIn]unix.Iovec
	inNames   [packetsIn]unix.RawSockaddrAny
	inControl [packetsIn]packetControl

	out        [packetsOut]sys.Mmsghdr
	outSlices  [packetsOut]unix.Iovec
	outNames   [packetsOut]unix.RawSockaddrAny
	outControl [packetsOut]packetControl
	outCount   [packetsOut]int // datagrams in each message
}

// acquire makes sure that there is a batch, for one PacketConn more.
func (s *packets) acquire(rings *ringbuf.Pool) error {
	if s.batch == nil {
		ring, err := rings.Get(packetRing)
		if err != nil {
			return err
		}
		s.batch = newPacketBatch(ring)
	}
	s.users++
	return nil
}

// giveBack is the end of acquire.
func (s *packets) giveBack(rings *ringbuf.Pool) {
	if s.users--; s.users == 0 {
		rings.Put(s.batch.ring)
		s.batch, s.free = nil, nil
	}
}

func newPacketBatch(ring *ringbuf.Ring) *packetBatch {
	b := &packetBatch{ring: ring, filled: packetsIn}
	space := ring.Space()
	for i := range b.in {
		b.inSlices[i].Base = &space[i*packetStride]
		b.inSlices[i].SetLen(MaxPacket)
		h := &b.in[i].Hdr
		h.Iov, h.Name = &b.inSlices[i], (*byte)(unsafe.Pointer(&b.inNames[i]))
		h.SetIovlen(1)
	}
	for i := range b.out {
		c := &b.outControl[i]
		c.head.Level, c.head.Type = unix.SOL_UDP, unix.UDP_SEGMENT
		c.head.SetLen(unix.CmsgLen(2))
		h := &b.out[i].Hdr
		h.Iov = &b.outSlices[i]
		h.SetIovlen(1)
	}
	return b
}

// prepare makes the messages of in ready for a call, those that the last one has used. Without control the kernel drops
// what a unix socket is sent along with a datagram, such as descriptors, which would be left open else.
func (b *packetBatch) prepare(control bool) {
	if control != b.named {
		b.named, b.filled = control, packetsIn
	}
	for i := range b.in[:b.filled] {
		h := &b.in[i].Hdr
		h.Namelen = unix.SizeofSockaddrAny
		h.Control = nil
		h.SetControllen(0)
		if control {
			h.Control = (*byte)(unsafe.Pointer(&b.inControl[i]))
			h.SetControllen(int(unsafe.Sizeof(b.inControl[i])))
		}
	}
	b.filled = 0
}

// segment returns the size of the datagrams that message i is made of; 0 if it is one.
func (b *packetBatch) segment(i int) int {
	h, c := &b.in[i].Hdr, &b.inControl[i]
	if h.Controllen == 0 || int(c.head.Len) < unix.CmsgLen(4) || c.head.Level != unix.SOL_UDP || c.head.Type != unix.UDP_GRO {
		return 0
	}
	return int(int32(binary.NativeEndian.Uint32(c.data[:4])))
}

// message is the bytes of message i, and whether they are all that the datagram had.
func (b *packetBatch) message(i int) (p []byte, whole bool) {
	m := &b.in[i]
	p = unsafe.Slice(b.inSlices[i].Base, min(int(m.Len), MaxPacket))
	lost := unix.MSG_TRUNC
	if b.named {
		lost |= unix.MSG_CTRUNC // without the size of its segments it cannot be cut
	}
	return p, int(m.Hdr.Flags)&lost == 0
}

// put makes message i of out of count datagrams of size bytes each, in p; name 0 leaves the peer to the socket.
func (b *packetBatch) put(i int, p []byte, count, size int, name uint32) {
	b.outCount[i] = count
	b.outSlices[i].Base = unsafe.SliceData(p)
	b.outSlices[i].SetLen(len(p))
	h := &b.out[i].Hdr
	h.Name, h.Namelen = nil, name
	if name > 0 {
		h.Name = (*byte)(unsafe.Pointer(&b.outNames[i]))
	}
	h.Control = nil
	h.SetControllen(0)
	if count > 1 {
		binary.NativeEndian.PutUint16(b.outControl[i].data[:2], uint16(size))
		h.Control = (*byte)(unsafe.Pointer(&b.outControl[i]))
		h.SetControllen(unix.CmsgSpace(2))
	}
}

// forget drops the references to what out[:n] pointed to.
func (b *packetBatch) forget(n int) {
	for i := range b.outSlices[:n] {
		b.outSlices[i].Base = nil
	}
}
