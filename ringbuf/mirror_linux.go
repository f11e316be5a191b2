package ringbuf

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mirrorName is what the memory of rings is called in /proc/self/maps.
const mirrorName = "millrace-ring"

// mapMirror maps size bytes twice, side by side, and returns both as one slice. When a call fails nothing stays behind.
// Both halves are reserved in one piece first, so that no other mapping can get between them.
func (c *Calls) mapMirror(size uintptr) ([]byte, error) {
	fd, err := c.MemfdCreate(mirrorName, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("ringbuf: memfd_create: %w", err)
	}
	addr, err := c.mapTwice(fd, size)
	// The mappings keep the memory. Linux releases the descriptor even when close reports an error, and nothing was
	// written through it that could be lost.
	_ = c.Close(fd)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(addr), 2*size), nil
}

func (c *Calls) mapTwice(fd int, size uintptr) (unsafe.Pointer, error) {
	if err := c.Ftruncate(fd, int64(size)); err != nil {
		return nil, fmt.Errorf("ringbuf: ftruncate to %d bytes: %w", size, err)
	}
	addr, err := c.Reserve(2 * size)
	if err != nil {
		return nil, fmt.Errorf("ringbuf: reserve %d bytes: %w", 2*size, err)
	}
	err = c.MapFixed(addr, size, fd)
	if err == nil {
		err = c.MapFixed(unsafe.Add(addr, size), size, fd)
	}
	if err != nil {
		return nil, fmt.Errorf("ringbuf: map %d bytes: %w", size, errors.Join(err, c.Unmap(addr, 2*size)))
	}
	return addr, nil
}

// unmapMirror takes the slice that mapMirror returned.
func (c *Calls) unmapMirror(buf []byte) error {
	if err := c.Unmap(unsafe.Pointer(unsafe.SliceData(buf)), uintptr(len(buf))); err != nil {
		return fmt.Errorf("ringbuf: munmap %d bytes: %w", len(buf), err)
	}
	return nil
}
