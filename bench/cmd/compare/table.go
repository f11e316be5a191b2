package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/millrace-net/millrace/bench/internal/stats"
)

// tableHead is the head of a cell's table, in Markdown.
const tableHead = `| server | %s | ratio to C | of minima | messages/s | p50 µs | p99 µs | p99.9 µs | load ns | system calls a message |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
`

// writeTable writes a cell: medians of the rounds, with min and max where they matter.
func writeTable(w io.Writer, r result) {
	unit := "ns a message"
	if r.idle {
		unit = "bytes a connection"
	}
	fmt.Fprintf(w, "\n%s", r.name)
	if r.goal > 0 {
		fmt.Fprintf(w, ", of which the goal for %s is %g", ours, r.goal)
	}
	fmt.Fprintf(w, "\n\n"+tableHead, unit)
	for i := range r.rows {
		writeRow(w, &r, &r.rows[i])
	}
	for _, row := range r.rows {
		if row.err != nil {
			fmt.Fprintf(w, "\n%s failed: %v\n", row.contender.name, row.err)
		}
	}
}

func writeRow(w io.Writer, r *result, row *row) {
	costs := r.costs(row)
	if len(costs) == 0 {
		fmt.Fprintf(w, "| %s | failed | | | | | | | | |\n", row.contender.name)
		return
	}
	paired, minima := r.ratios(row)
	fmt.Fprintf(w, "| %s | %s | %s | %s |", row.contender.name, spread(costs, 0), spread(paired, 2), figure(minima, 2))
	for _, f := range []func(*turn) float64{
		func(t *turn) float64 { return float64(t.Messages) / t.Seconds },
		func(t *turn) float64 { return float64(t.Latency.P50) / 1e3 },
		func(t *turn) float64 { return float64(t.Latency.P99) / 1e3 },
		func(t *turn) float64 { return float64(t.Latency.P999) / 1e3 },
		func(t *turn) float64 { return float64(t.LoadCPU) / float64(max(t.Messages, 1)) },
	} {
		values, _ := row.each(row, f)
		if r.idle {
			fmt.Fprint(w, " |")
			continue
		}
		fmt.Fprintf(w, " %s |", figure(stats.Summarize(values).Median, 0))
	}
	fmt.Fprintf(w, " %s |\n", row.calls)
}

// spread writes the median of values, with min and max.
func spread(values []float64, digits int) string {
	if len(values) == 0 {
		return ""
	}
	s := stats.Summarize(values)
	return fmt.Sprintf("%s (%s–%s)", figure(s.Median, digits), figure(s.Min, digits), figure(s.Max, digits))
}

func figure(v float64, digits int) string {
	if v == 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// writeMatrix writes the ratios of all cells and contenders, medians of paired rounds.
func writeMatrix(w io.Writer, results []result) {
	names := contendersOf(results)
	fmt.Fprintf(w, "\nRatio to %s, medians of paired rounds\n\n| cell | goal | %s |\n|%s\n", reference, strings.Join(names, " | "),
		strings.Repeat(" --- |", len(names)+2))
	for _, r := range results {
		fmt.Fprintf(w, "| %s | %s |", r.name, figure(r.goal, 2))
		for _, name := range names {
			fmt.Fprintf(w, " %s |", r.median(name))
		}
		fmt.Fprintln(w)
	}
}

// contendersOf returns the names of all that took part, in their order.
func contendersOf(results []result) (names []string) {
	for _, c := range field {
		for _, r := range results {
			if r.median(c.name) != "" {
				names = append(names, c.name)
				break
			}
		}
	}
	return names
}

// median returns a contender's ratio, or nothing.
func (r *result) median(name string) string {
	for i := range r.rows {
		if r.rows[i].contender.name == name {
			if paired, _ := r.ratios(&r.rows[i]); len(paired) > 0 {
				return figure(stats.Summarize(paired).Median, 2)
			}
		}
	}
	return ""
}
