package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// memory is what the contenders share: a file without a name, which every process maps, so that all read the same
// pages. It is complete before it is mapped.
type memory struct {
	file  *os.File
	size  int
	texts []*text
}

// newMemory returns an empty one.
func newMemory() (*memory, error) {
	fd, err := unix.MemfdCreate("texts", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return &memory{file: os.NewFile(uintptr(fd), "texts")}, nil
}

// put writes p at the beginning of a page, and notes in t where that is.
func (m *memory) put(t *text, p []byte) error {
	t.offset = m.size
	t.bytes = p
	if _, err := m.file.WriteAt(p, int64(m.size)); err != nil {
		return err
	}
	page := os.Getpagesize()
	m.size += (len(p) + page - 1) / page * page
	m.texts = append(m.texts, t)
	return nil
}

// share maps what was put, and makes every text a slice of the mapping, which stays until the program ends.
func (m *memory) share() error {
	if err := m.file.Truncate(int64(m.size)); err != nil {
		return err
	}
	mapped, err := unix.Mmap(int(m.file.Fd()), 0, m.size, unix.PROT_READ, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	for _, t := range m.texts {
		end := t.offset + len(t.bytes)
		t.bytes = mapped[t.offset:end:end]
	}
	return nil
}

// casesOf makes cases of drafts, with their texts in memory that can be shared.
func casesOf(all []draft) ([]*searchCase, *memory, error) {
	m, err := newMemory()
	if err != nil {
		return nil, nil, err
	}
	cases := make([]*searchCase, len(all))
	for i := range all {
		if cases[i], err = m.place(&all[i]); err != nil {
			return nil, nil, err
		}
	}
	return cases, m, m.share()
}

// place makes one case of a draft.
func (m *memory) place(d *draft) (*searchCase, error) {
	c := &searchCase{
		name: d.name, literals: make([]text, len(d.literals)),
		tasks: d.tasks, pieces: d.pieces, unit: d.unit, x: d.x, answers: map[task]answer{},
	}
	for i, l := range d.literals {
		if err := m.put(&c.literals[i], []byte(l)); err != nil {
			return nil, err
		}
	}
	if p := twinOf(d.text, []byte(d.literals[0])); p != nil {
		twin := *c
		twin.answers = map[task]answer{}
		if err := m.put(&twin.text, p); err != nil {
			return nil, err
		}
		c.twin = &twin
	}
	return c, m.put(&c.text, d.text)
}
