//go:build linux

package loop

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	stageBytes = 64 << 10 // copies of small pushes
	stageParts = 256      // slices in one writev
	shortPush  = 64       // up to this size a push is copied without a call
	refBytes   = 1 << 10  // from this size on, a slice of the window is referred to and not copied
)

// stage gathers what the connection whose event is being handled pushes, so that all of it leaves
// in one write. Small pushes are copied into buf; large ones that lie in the window under delivery
// are referred to. Most connections push small slices only: then the copies are all there is, and
// no part is made.
//
// Invariant: what is staged is parts, whose lengths are n together, and behind them buf[open:used];
// every part lies in buf or in the window; there are at most stageParts of them.
type stage struct {
	buf    *[stageBytes]byte
	used   int // bytes of buf
	open   int
	parts  []unix.Iovec
	n      int
	lo, hi uintptr // the window that may be referred to; 0 0: none
}

func (s *stage) init() {
	s.buf = new([stageBytes]byte)
	s.parts = make([]unix.Iovec, 0, stageParts)
}

// size returns how many bytes are staged.
func (s *stage) size() int { return s.n + s.used - s.open }

// allow lets pushes refer to window until forbid. What was pushed must be flushed before the window
// is used again.
func (s *stage) allow(window []byte) {
	s.lo = uintptr(unsafe.Pointer(unsafe.SliceData(window)))
	s.hi = s.lo + uintptr(len(window))
}

// forbid ends allow: what was in the window may be overwritten or given back from now on.
func (s *stage) forbid() { s.lo, s.hi = 0, 0 }

// add stages p, which is not empty, and reports whether it found room.
func (s *stage) add(p []byte) bool {
	if len(p) >= refBytes && s.inWindow(p) {
		return s.link(p)
	}
	if len(p) > stageBytes-s.used {
		return false
	}
	s.used += copy(s.buf[s.used:], p)
	return true
}

// copyShort copies n bytes, 1 to 15 of them, by two moves that may overlap.
func copyShort(dst, src unsafe.Pointer, n int) {
	switch {
	case n >= 8:
		copy8(dst, src, 0)
		copy8(dst, src, n-8)
	case n >= 4:
		*(*[4]byte)(dst) = *(*[4]byte)(src)
		*(*[4]byte)(unsafe.Add(dst, n-4)) = *(*[4]byte)(unsafe.Add(src, n-4))
	case n >= 2:
		*(*[2]byte)(dst) = *(*[2]byte)(src)
		*(*[2]byte)(unsafe.Add(dst, n-2)) = *(*[2]byte)(unsafe.Add(src, n-2))
	default:
		*(*byte)(dst) = *(*byte)(src)
	}
}

func copy8(dst, src unsafe.Pointer, at int) {
	*(*[8]byte)(unsafe.Add(dst, at)) = *(*[8]byte)(unsafe.Add(src, at))
}

func copy16(dst, src unsafe.Pointer, at int) {
	*(*[16]byte)(unsafe.Add(dst, at)) = *(*[16]byte)(unsafe.Add(src, at))
}

func (s *stage) inWindow(p []byte) bool {
	base := uintptr(unsafe.Pointer(&p[0]))
	return base >= s.lo && base+uintptr(len(p)) <= s.hi
}

// link adds p, which stays where it is, to the parts, and reports whether it found room; one that
// follows on the last part in memory lengthens it.
func (s *stage) link(p []byte) bool {
	if len(s.parts) > stageParts-3 { // one for buf[open:used] now, one for p, one for buf[open:used] in the end
		return false
	}
	s.seal()
	s.n += len(p)
	if last := len(s.parts) - 1; last >= 0 {
		part := &s.parts[last]
		end := uintptr(unsafe.Pointer(part.Base)) + uintptr(part.Len)
		if end == uintptr(unsafe.Pointer(&p[0])) {
			part.SetLen(int(part.Len) + len(p))
			return true
		}
	}
	s.append(p)
	return true
}

// seal makes buf[open:used] a part.
func (s *stage) seal() {
	if tail := s.buf[s.open:s.used]; len(tail) > 0 {
		s.append(tail)
		s.n += len(tail)
		s.open = s.used
	}
}

func (s *stage) append(p []byte) {
	part := unix.Iovec{Base: &p[0]}
	part.SetLen(len(p))
	s.parts = append(s.parts, part)
}

// part returns the i-th part as a slice.
func (s *stage) part(i int) []byte {
	return unsafe.Slice(s.parts[i].Base, int(s.parts[i].Len))
}

// reset drops what is staged.
func (s *stage) reset() {
	clear(s.parts) // what was pushed by reference is not pinned
	s.used, s.open, s.parts, s.n = 0, 0, s.parts[:0], 0
}
