//go:build linux

package main

import (
	"errors"
	"os"
)

// maxHeld is how much of a body waits in memory for its turn before no more of it is read, in bytes; one read may come on top.
const maxHeld = 1 << 20

// bodies writes what is fetched, in the order of the URLs. It is used on the loop's goroutine only.
//
// Invariant: fetches[:at] have ended and hold nothing; fetches[at] holds nothing either, what comes of it is written at once.
type bodies struct {
	fetches []*fetch
	at      int
	to      *sink
	abort   func(cause error) // ends all fetches
	err     error             // of writing; nothing is written or told after it
	buffer  [readBytes]byte   // what every read reads into
}

// turnOf tells whether it is f's turn to be written.
func (b *bodies) turnOf(f *fetch) bool { return b.at < len(b.fetches) && b.fetches[b.at] == f }

// write writes p. An error ends everything.
func (b *bodies) write(p []byte) error {
	if b.err != nil {
		return b.err
	}
	if _, b.err = b.to.Write(p); b.err != nil {
		b.abort(b.err)
	}
	return b.err
}

// flush writes what waits, as far as the fetches before it have ended.
func (b *bodies) flush() {
	for b.at < len(b.fetches) {
		f := b.fetches[b.at]
		if len(f.held) > 0 {
			_ = b.write(f.held) // kept in b.err
			f.held = nil
		}
		if !f.ended {
			return
		}
		b.at++
	}
}

// check reports a broken invariant.
func (b *bodies) check() error {
	for i, f := range b.fetches {
		if i < b.at && !f.ended || i <= b.at && len(f.held) > 0 || len(f.held) >= maxHeld+readBytes {
			return errors.New("httpget: bodies are out of order: " + f.name)
		}
	}
	return nil
}

// sink is standard output, or a file that is made when the first byte comes: if nothing could be fetched, what was there before
// stays.
//
// Invariant: file is nil until something was written.
type sink struct {
	path string // empty: standard output
	file *os.File
}

func (s *sink) open() (err error) {
	switch {
	case s.file != nil:
	case s.path == "":
		s.file = os.Stdout
	default:
		s.file, err = os.Create(s.path)
	}
	return err
}

// Write implements io.Writer.
func (s *sink) Write(p []byte) (int, error) {
	if err := s.open(); err != nil {
		return 0, err
	}
	return s.file.Write(p)
}

// close ends the output; made says that there has to be a file, though an empty one.
func (s *sink) close(made bool) error {
	if made {
		if err := s.open(); err != nil {
			return err
		}
	}
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
