package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// progress tells on standard error which turn it is: on a terminal in one line that is overwritten, else a line for each cell.
type progress struct {
	terminal    bool
	done, total int
	cell        string
}

func newProgress(o *options, chosen []cell, field []contender) *progress {
	_, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS)
	p := &progress{terminal: err == nil}
	for _, c := range chosen {
		p.total += len(newResult(c, field).rows) * o.rounds
	}
	return p
}

const eraseLine = "\r\x1b[K"

func (p *progress) next(cell, who string) {
	p.done++
	switch {
	case p.terminal:
		fmt.Fprintf(os.Stderr, eraseLine+"%d/%d %s: %s", p.done, p.total, cell, who)
	case cell != p.cell:
		fmt.Fprintf(os.Stderr, "%d/%d %s\n", p.done, p.total, cell)
	}
	p.cell = cell
}

func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(os.Stderr, eraseLine)
	}
}
