package ringbuf

// newHeapRing makes a ring without a mirror. With head at most a capacity behind the start of a buffer of two, window
// and space together, which are one capacity, always lie in the buffer.
func newHeapRing(class int) *Ring {
	size := uint64(1) << class
	return &Ring{
		buf: make([]byte, 2*size), size: size, end: size, mask: 2*size - 1, slide: size,
		class: uint8(class),
	}
}

// moveToFront makes head the origin. It runs when more than a capacity was discarded since the last time and copies
// less than a capacity. Source and target do not overlap, and neither does the space that follows with the source:
// slices of the old window keep their bytes until the ring comes round to them.
func (r *Ring) moveToFront() {
	copy(r.buf, r.Window())
	r.origin = r.head
}
