package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// progress tells on standard error which case is being measured: on a terminal in one line that is overwritten.
type progress struct {
	terminal    bool
	done, total int
}

func newProgress(total int) *progress {
	_, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS)
	return &progress{terminal: err == nil, total: total}
}

const eraseLine = "\r\x1b[K"

func (p *progress) next(name string, entrants int) {
	p.done++
	line := fmt.Sprintf("%d/%d %s, %d contenders", p.done, p.total, name, entrants)
	if p.terminal {
		fmt.Fprint(os.Stderr, eraseLine, line)
		return
	}
	fmt.Fprintln(os.Stderr, line)
}

// clear makes room for other output.
func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(os.Stderr, eraseLine)
	}
}
