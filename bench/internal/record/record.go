// Package record keeps what a benchmark has measured, and where and how it was.
package record

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/millrace-net/millrace/bench/internal/machine"
)

// Head says where and how it was measured.
type Head struct {
	begun   time.Time
	command string
	commit  string
	machine []string
}

// NewHead returns the head of a benchmark that begins now, on these processors; notes are lines more.
func NewHead(pinned []int, notes ...string) Head {
	return Head{time.Now(), machine.CommandLine(os.Args), machine.Commit(), append(machine.Describe(pinned...), notes...)}
}

// Write writes the head as comments.
func (h Head) Write(w io.Writer) {
	fmt.Fprintf(w, "# date: %s\n# command: %s\n# commit: %s\n", h.begun.UTC().Format(time.RFC3339), h.command, h.commit)
	for _, line := range h.machine {
		fmt.Fprintf(w, "# %s\n", line)
	}
}

// Keep writes a record to path and plots into a folder. An empty name asks for none.
func (h Head) Keep(path string, body func(io.Writer) error, folder string, plots func(folder string) error) error {
	if path != "" {
		if err := h.save(path, body); err != nil {
			return err
		}
	}
	if folder == "" {
		return nil
	}
	return plots(folder)
}

// save writes a file: the head, and what body writes.
func (h Head) save(path string, body func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	h.Write(w)
	err = body(w)
	if err == nil {
		err = w.Flush()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
