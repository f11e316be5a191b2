package ringbuf

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Calls are the system calls that mirrored rings are made of: the seam at which tests let them fail. Fields that are
// nil stand for those of [System]. Each is called on the goroutine that makes or releases the ring.
type Calls struct {
	// MemfdCreate makes an anonymous file, as memfd_create(2).
	MemfdCreate func(name string, flags int) (int, error)
	// Ftruncate sets a file's size in bytes, as ftruncate(2).
	Ftruncate func(fd int, size int64) error
	// Reserve maps size bytes of address space without access and without memory: mmap(2), PROT_NONE, anonymous.
	Reserve func(size uintptr) (unsafe.Pointer, error)
	// MapFixed maps the first size bytes of fd at addr, in the place of what is there, for reading and writing: mmap(2),
	// MAP_SHARED|MAP_FIXED.
	MapFixed func(addr unsafe.Pointer, size uintptr, fd int) error
	// Unmap drops all mappings in size bytes from addr, as munmap(2).
	Unmap func(addr unsafe.Pointer, size uintptr) error
	// Close closes a descriptor, as close(2).
	Close func(fd int) error
}

// System is the kernel's own calls.
func System() Calls {
	return Calls{
		MemfdCreate: unix.MemfdCreate,
		Ftruncate:   unix.Ftruncate,
		Reserve: func(size uintptr) (unsafe.Pointer, error) {
			return unix.MmapPtr(-1, 0, nil, size, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
		},
		MapFixed: func(addr unsafe.Pointer, size uintptr, fd int) error {
			_, err := unix.MmapPtr(fd, 0, addr, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED)
			return err
		},
		Unmap: unix.MunmapPtr,
		Close: unix.Close,
	}
}

// orSystem fills the fields that are nil.
func (c Calls) orSystem() Calls {
	s := System()
	if c.MemfdCreate == nil {
		c.MemfdCreate = s.MemfdCreate
	}
	if c.Ftruncate == nil {
		c.Ftruncate = s.Ftruncate
	}
	if c.Reserve == nil {
		c.Reserve = s.Reserve
	}
	if c.MapFixed == nil {
		c.MapFixed = s.MapFixed
	}
	if c.Unmap == nil {
		c.Unmap = s.Unmap
	}
	if c.Close == nil {
		c.Close = s.Close
	}
	return c
}
