//go:build linux

package loop

import (
	"unsafe"

	"github.com/millrace-net/millrace/ringbuf"
)

const (
	packetBlock = MaxPacket // of queued datagrams, whose bytes follow each other in it
	packetCost  = 64        // what a queued datagram counts above its bytes
)

// packetEntry is a queued datagram.
type packetEntry struct {
	to    Peer
	data  []byte
	first bool // of its slab; else it begins where the one before it ends
}

// packetSlab is a block of queued datagrams.
type packetSlab struct {
	buf  []byte
	left int // datagrams in it that are still queued
}

// packetQueue holds copies of the datagrams that wait to be sent, in order.
//
// Invariant: bytes is the sum of len(data)+packetCost over entries[head:]; the left of slabs[slab:] add up to their
// number, and each has some left; each datagram lies in one slab.
type packetQueue struct {
	entries []packetEntry
	head    int
	slabs   []packetSlab
	slab    int
	bytes   int
}

func (q *packetQueue) len() int { return len(q.entries) - q.head }

// fits tells whether n more bytes fit into the block in hand.
func (q *packetQueue) fits(n int) bool {
	if len(q.slabs) == q.slab {
		return false
	}
	buf := q.slabs[len(q.slabs)-1].buf
	return cap(buf)-len(buf) >= n
}

// push copies p into the queue.
func (q *packetQueue) push(p []byte, to Peer, blocks *ringbuf.Blocks) {
	first := !q.fits(len(p))
	if first {
		q.slabs = append(q.slabs, packetSlab{buf: blocks.Get(packetBlock)})
	}
	s := &q.slabs[len(q.slabs)-1]
	at := len(s.buf)
	s.buf = append(s.buf, p...)
	s.left++
	q.entries = append(q.entries, packetEntry{to, s.buf[at:len(s.buf):len(s.buf)], first})
	q.bytes += len(p) + packetCost
}

// run returns how many of the datagrams from i on can be one message: datagrams of one size, at most limit bytes, to one
// peer, that follow each other in memory; the last may be shorter. n is their bytes.
func (q *packetQueue) run(i, limit int) (count, n int) {
	first := &q.entries[i]
	size := len(first.data)
	count, n = 1, size
	if size == 0 || size > limit || first.to.kind() != peerNone && first.to.port() == 0 {
		return count, n
	}
	for j := i + 1; j < len(q.entries) && count < maxSegments; j++ {
		e := &q.entries[j]
		short := len(e.data)
		if short == 0 || short > size || n+short > maxSegmented || e.to != first.to || e.first {
			break
		}
		count, n = count+1, n+short
		if short < size {
			break
		}
	}
	return count, n
}

// bytesFrom is n bytes of the datagrams from i on, which follow each other.
func (q *packetQueue) bytesFrom(i, n int) []byte {
	return unsafe.Slice(unsafe.SliceData(q.entries[i].data), n)
}

// pop drops the first n datagrams, and returns how many bytes they had.
func (q *packetQueue) pop(n int, blocks *ringbuf.Blocks) (bytes int) {
	for i := q.head; i < q.head+n; i++ {
		bytes += len(q.entries[i].data)
		q.entries[i] = packetEntry{}
		s := &q.slabs[q.slab]
		if s.left--; s.left == 0 {
			blocks.Put(s.buf)
			*s = packetSlab{}
			q.slab++
		}
	}
	q.head += n
	q.bytes -= bytes + n*packetCost
	if q.head == len(q.entries) {
		q.entries, q.head = q.entries[:0], 0
		q.slabs, q.slab = q.slabs[:0], 0
	}
	q.compact()
	return bytes
}

// compact moves what is queued to the front when more than half of the room before it is free.
func (q *packetQueue) compact() {
	if q.head > 256 && q.head > q.len() {
		n := copy(q.entries, q.entries[q.head:])
		clear(q.entries[n:])
		q.entries, q.head = q.entries[:n], 0
	}
	if q.slab > 16 && 2*q.slab > len(q.slabs) {
		n := copy(q.slabs, q.slabs[q.slab:])
		clear(q.slabs[n:])
		q.slabs, q.slab = q.slabs[:n], 0
	}
}
