//go:build linux

package loop

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	stageBytes = 64 << 10 // copies of small pushes
	stageParts = 256      // slices in one writev
	refBytes   = 1 << 10  // from this size on, a slice of the window is referred to and not copied
)

// stage gathers what the connection whose event is being handled pushes, so that all of it leaves
// in one write. Small pushes are copied into buf; large ones that lie in the window under delivery
// are referred to.
//
// Invariant: n is the sum of the lengths of parts; every part lies in buf or in the window.
type stage struct {
	buf    []byte
	parts  []unix.Iovec
	n      int     // bytes staged
	lo, hi uintptr // the window that may be referred to; 0 0: none
}

func (s *stage) init() {
	s.buf = make([]byte, 0, stageBytes)
	s.parts = make([]unix.Iovec, 0, stageParts)
}

// allow lets pushes refer to window until forbid. What was pushed must be flushed before the window
// is used again.
func (s *stage) allow(window []byte) {
	s.lo = uintptr(unsafe.Pointer(unsafe.SliceData(window)))
	s.hi = s.lo + uintptr(len(window))
}

// forbid ends allow: what was in the window may be overwritten or given back from now on.
func (s *stage) forbid() { s.lo, s.hi = 0, 0 }

// add stages p and reports whether it found room.
func (s *stage) add(p []byte) bool {
	if len(p) >= refBytes {
		if base := uintptr(unsafe.Pointer(&p[0])); base >= s.lo && base+uintptr(len(p)) <= s.hi {
			return s.link(p)
		}
	}
	if len(p) > cap(s.buf)-len(s.buf) {
		return false
	}
	at := len(s.buf)
	s.buf = append(s.buf, p...)
	if s.link(s.buf[at:]) {
		return true
	}
	s.buf = s.buf[:at]
	return false
}

// link adds p, which stays where it is, to the parts; one that follows on the last part in memory
// lengthens it.
func (s *stage) link(p []byte) bool {
	if last := len(s.parts) - 1; last >= 0 {
		part := &s.parts[last]
		end := uintptr(unsafe.Pointer(part.Base)) + uintptr(part.Len)
		if end == uintptr(unsafe.Pointer(&p[0])) {
			part.SetLen(int(part.Len) + len(p))
			s.n += len(p)
			return true
		}
		if last == stageParts-1 {
			return false
		}
	}
	part := unix.Iovec{Base: &p[0]}
	part.SetLen(len(p))
	s.parts = append(s.parts, part)
	s.n += len(p)
	return true
}

// part returns the i-th part as a slice.
func (s *stage) part(i int) []byte {
	return unsafe.Slice(s.parts[i].Base, int(s.parts[i].Len))
}

func (s *stage) reset() {
	clear(s.parts) // what was pushed by reference is not pinned
	s.buf, s.parts, s.n = s.buf[:0], s.parts[:0], 0
}
