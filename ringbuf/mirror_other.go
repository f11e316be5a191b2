//go:build !linux

package ringbuf

import (
	"errors"
	"fmt"
)

func (c *Calls) mapMirror(size uintptr) ([]byte, error) {
	return nil, fmt.Errorf("ringbuf: mirrored ring of %d bytes: %w", size, errors.ErrUnsupported)
}

// unmapMirror is never called: mapMirror made nothing.
func (c *Calls) unmapMirror(buf []byte) error {
	return fmt.Errorf("ringbuf: unmap %d bytes: %w", len(buf), errors.ErrUnsupported)
}
