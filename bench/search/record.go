package main

import (
	"fmt"
	"io"

	"github.com/millrace-net/millrace/bench/internal/record"
)

// measurement is everything that a run has measured, and where.
type measurement struct {
	head    record.Head
	plan    plan
	results []result
}

// write writes a line for each row: case, contender, iterations of a batch, and the nanoseconds an operation took in each
// round, in the order of the rounds, with tabs between them.
func (m *measurement) write(w io.Writer) error {
	fmt.Fprintf(w, "# %d rounds, batches of %v; an operation is one search, or one walk, through the whole text\n",
		m.plan.rounds, m.plan.batch)
	fmt.Fprintf(w, "# case\tcontender\titerations\tns/op of each round\n")
	for _, result := range m.results {
		for _, row := range result.rows {
			fmt.Fprintf(w, "%s\t%s\t%d", result.name, row.contender.name, row.iterations)
			for _, ns := range row.rounds {
				fmt.Fprintf(w, "\t%.5g", ns)
			}
			fmt.Fprintln(w)
		}
	}
	return nil
}
