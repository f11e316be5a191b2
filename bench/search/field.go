package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// field is all who take part, and what they run on.
type field struct {
	contenders []contender
	programs   []*native
	notes      []string // what was built of what, and what was left out
}

// newField starts the native programs in dir and lines everybody up, ours first.
func newField(dir string, texts *memory) (*field, error) {
	f := &field{contenders: append(append(ours(), golang()...), asynchats()...)}
	for _, n := range natives {
		program, err := startNative(filepath.Join(dir, n.file), texts)
		if errors.Is(err, os.ErrNotExist) {
			f.notes = append(f.notes, fmt.Sprintf("%s: left out, because it was not built", n.file))
			continue
		}
		if err != nil {
			return nil, errors.Join(err, f.close())
		}
		f.programs = append(f.programs, program)
		f.notes = append(f.notes, fmt.Sprintf("%s: %s", n.file, program.greeting))
		f.contenders = append(f.contenders, n.contenders(program)...)
	}
	return f, nil
}

// close ends the native programs.
func (f *field) close() error {
	var errs []error
	for _, n := range f.programs {
		errs = append(errs, n.close())
	}
	return errors.Join(errs...)
}

// entrants returns those who take part in a case.
func (f *field) entrants(c *searchCase) []*contender {
	var all []*contender
	for i := range f.contenders {
		if f.contenders[i].enters(c) {
			all = append(all, &f.contenders[i])
		}
	}
	return all
}
