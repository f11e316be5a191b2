// Package progress tells on standard error how far a benchmark has come.
package progress

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Line is one line that is overwritten, on a terminal; elsewhere there is a line for each new thing that is measured. One
// goroutine uses it.
type Line struct {
	terminal    bool
	done, total int
	what        string
}

// New returns the line of a benchmark of so many steps.
func New(total int) *Line {
	_, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS)
	return &Line{terminal: err == nil, total: total}
}

const erase = "\r\x1b[K"

// Next tells of the next step: what is measured, and a detail that may change meanwhile.
func (l *Line) Next(what, detail string) {
	l.done++
	text := fmt.Sprintf("%d/%d %s, %s", l.done, l.total, what, detail)
	switch {
	case l.terminal:
		fmt.Fprint(os.Stderr, erase, text)
	case what != l.what:
		fmt.Fprintln(os.Stderr, text)
	}
	l.what = what
}

// Clear makes room for other output.
func (l *Line) Clear() {
	if l.terminal {
		fmt.Fprint(os.Stderr, erase)
	}
}
