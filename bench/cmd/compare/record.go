package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/millrace-net/millrace/bench/internal/record"
)

// measurement is everything that a run has measured, and where.
type measurement struct {
	head    record.Head
	rounds  int
	results []result
}

// write writes a line for each turn: cell, contender, round, and as JSON what was measured; and for each contender the
// system calls a message, and the first error.
func (m *measurement) write(w io.Writer) error {
	fmt.Fprintf(w, "# %d rounds\n# cell\tserver\tround\tmeasured\n", m.rounds)
	for _, result := range m.results {
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
	return nil
}
