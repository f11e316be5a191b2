package producer

import (
	"fmt"
	"io"
	"os"
)

// fileChunkBytes is how much of a file More reads at once.
const fileChunkBytes = 64 << 10

// file is a part of a regular file.
//
// Invariant: once sized, [off, off+left) is the part that has not been handed out, and left >= 0.
type file struct {
	f     *os.File
	off   int64
	left  int64 // below 0 until sized: to the end of the file
	sized bool
	buf   []byte
}

// File returns a producer of n bytes of f from offset off on; n < 0 means to the end as it is at the first use. f should be
// a regular file, or anything else that can be read at an offset; its own offset is neither used nor moved.
//
// On Linux a Queue sends the file by sendfile(2), without copying it through the process, at most one batch a call; where
// the file system refuses, and for every other caller, More reads it by pread(2) in chunks of 64 KiB. Both wait for
// the disk if they have to. A file that turns out to be shorter than promised is io.ErrUnexpectedEOF.
//
// The producer owns f, which nobody else may close, and closes it when it is closed. It may be used by one goroutine at
// a time.
func File(f *os.File, off, n int64) Producer {
	return &file{f: f, off: off, left: n}
}

// size settles, once, how much there is to send.
func (f *file) size() error {
	if f.sized {
		return nil
	}
	if f.off < 0 {
		return fmt.Errorf("offset %d: %w", f.off, os.ErrInvalid)
	}
	if f.left < 0 {
		info, err := f.f.Stat()
		if err != nil {
			return err
		}
		f.left = max(0, info.Size()-f.off)
	}
	f.sized = true
	return nil
}

// advance notes that n bytes were handed out.
func (f *file) advance(n int) {
	f.off += int64(n)
	f.left -= int64(n)
}

// More implements Producer.
func (f *file) More() ([]byte, error) {
	if err := f.size(); err != nil {
		return nil, err
	}
	if f.left == 0 {
		return nil, io.EOF
	}
	if f.buf == nil {
		f.buf = make([]byte, min(f.left, fileChunkBytes))
	}
	p := f.buf[:min(f.left, int64(len(f.buf)))]
	n, err := f.f.ReadAt(p, f.off)
	f.advance(n)
	switch {
	case n < len(p) && err == io.EOF:
		err = io.ErrUnexpectedEOF
	case f.left == 0:
		err = io.EOF
	case n == len(p):
		err = nil // ReadAt may say io.EOF at the very end of the file
	}
	return p[:n], err
}

// Close implements io.Closer.
func (f *file) Close() error {
	f.buf = nil
	return f.f.Close()
}
