package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// record is everything that a run has measured, and where.
type record struct {
	begun   time.Time
	command string
	commit  string
	machine []string
	rounds  int
	results []result
}

// save writes the record to a file.
func (r *record) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := r.write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// writeHead writes what it was, as comments.
func (r *record) writeHead(w io.Writer) {
	fmt.Fprintf(w, "# date: %s\n# command: %s\n# commit: %s\n", r.begun.UTC().Format(time.RFC3339), r.command, r.commit)
	for _, line := range r.machine {
		fmt.Fprintf(w, "# %s\n", line)
	}
	fmt.Fprintf(w, "# %d rounds\n", r.rounds)
}

// write writes a line for each turn: cell, contender, round, and as JSON what was measured; and for each contender the
// system calls a message, and the first error.
func (r *record) write(to io.Writer) error {
	w := bufio.NewWriter(to)
	r.writeHead(w)
	fmt.Fprintf(w, "# cell\tserver\tround\tmeasured\n")
	for _, result := range r.results {
		for _, row := range result.rows {
			for i, t := range row.turns {
				if t == nil {
					continue
				}
				text, err := json.Marshal(t)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", result.name, row.contender.name, i+1, text)
			}
			if row.calls != "" {
				fmt.Fprintf(w, "%s\t%s\tcalls\t%s\n", result.name, row.contender.name, row.calls)
			}
			if row.err != nil {
				fmt.Fprintf(w, "%s\t%s\terror\t%q\n", result.name, row.contender.name, row.err)
			}
		}
	}
	return w.Flush()
}
