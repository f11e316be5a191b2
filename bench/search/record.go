package main

import (
	"bufio"
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
	plan    plan
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

// write writes what it was, as comments, and a line for each row: case, contender, iterations of a batch, and the
// nanoseconds an operation took in each round, in the order of the rounds, with tabs between them.
func (r *record) write(to io.Writer) error {
	w := bufio.NewWriter(to)
	fmt.Fprintf(w, "# date: %s\n# command: %s\n# commit: %s\n", r.begun.UTC().Format(time.RFC3339), r.command, r.commit)
	for _, line := range r.machine {
		fmt.Fprintf(w, "# %s\n", line)
	}
	fmt.Fprintf(w, "# %d rounds, batches of %v; an operation is one search, or one walk, through the whole text\n",
		r.plan.rounds, r.plan.batch)
	fmt.Fprintf(w, "# case\tcontender\titerations\tns/op of each round\n")
	for _, result := range r.results {
		for _, row := range result.rows {
			fmt.Fprintf(w, "%s\t%s\t%d", result.name, row.contender.name, row.iterations)
			for _, ns := range row.rounds {
				fmt.Fprintf(w, "\t%.5g", ns)
			}
			fmt.Fprintln(w)
		}
	}
	return w.Flush()
}
