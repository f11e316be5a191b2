package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/millrace-net/millrace/bench/internal/stats"
)

// result is a case and what everyone did in it; the first row is what the others are compared with.
type result struct {
	*searchCase
	rows []row
}

// writeTable writes the results of one group.
func writeTable(w io.Writer, results []result) error {
	lines := [][]string{{"case", "contender", "median ns", "min", "max", results[0].unit.String(), "× first row's time"}}
	for _, r := range results {
		lines = append(lines, nil)
		for i, line := range r.lines() {
			if i > 0 {
				line[0] = ""
			}
			lines = append(lines, line)
		}
	}
	return writeAligned(w, lines, 2)
}

// lines returns the cells of a case.
func (r *result) lines() [][]string {
	lines := make([][]string, len(r.rows))
	for i, row := range r.rows {
		s := stats.Summarize(row.rounds)
		lines[i] = []string{
			r.name, row.contender.name, short(s.Median), short(s.Min), short(s.Max),
			short(r.figure(s.Median)), fmt.Sprintf("%.2f", stats.Ratio(row.rounds, r.rows[0].rounds)),
		}
	}
	return lines
}

// short writes a number with three digits, or with all those before the point, and with six behind it at most.
func short(x float64) string {
	digits := 3
	for limit := 1.0; digits > 0 && x >= limit; limit *= 10 {
		digits--
	}
	for limit := 0.1; digits >= 3 && digits < 6 && x < limit; limit /= 10 {
		digits++
	}
	return fmt.Sprintf("%.*f", digits, x)
}

// writeAligned writes lines of cells in columns, the first of which are flush left and the others flush right.
func writeAligned(w io.Writer, lines [][]string, left int) error {
	var widths []int
	for _, line := range lines {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < left {
				cell += pad
			} else {
				cell = pad + cell
			}
			b.WriteString(cell)
			if i < len(line)-1 {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}
