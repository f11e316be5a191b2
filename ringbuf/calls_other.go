//go:build !linux

package ringbuf

// Calls are the system calls that mirrored rings are made of. There are none on this system: every ring is a heap ring.
type Calls struct{}

// System is the kernel's own calls.
func System() Calls { return Calls{} }

func (c Calls) orSystem() Calls { return c }
