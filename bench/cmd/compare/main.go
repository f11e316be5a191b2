// Command compare measures servers side by side: Millrace, other libraries, and loops written by hand in C, which are the
// limit. Each has the same work from the same load generator, in turns, and what counts is the processor time of the
// server for each message, as a ratio to the C loop over epoll. See docs/benchmark.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/millrace-net/millrace/bench/internal/progress"
	"github.com/millrace-net/millrace/bench/internal/record"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	o, err := parseOptions(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err == nil:
		err = run(ctx, o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// run does what the command line asks for.
func run(ctx context.Context, o *options, out io.Writer) error {
	chosen := o.cells()
	if o.list {
		for _, c := range chosen {
			fmt.Fprintln(out, c.name)
		}
		return nil
	}
	if len(chosen) == 0 {
		return errors.New("no cell has such a name")
	}
	field, notes := o.contenders()
	if len(field) == 0 {
		return fmt.Errorf("no server is in %s", o.bin)
	}
	if o.perf {
		return o.profile(ctx, chosen, field, out)
	}
	m := &measurement{head: record.NewHead([]int{o.serverCPU, o.loadCPU}, notes...), rounds: o.rounds}
	m.head.Write(out)
	if err := m.measure(ctx, o, chosen, field, out); err != nil {
		return err
	}
	writeMatrix(out, m.results)
	return m.head.Keep(o.record, m.write, o.plots, func(dir string) error { return drawPlots(dir, m.results) })
}

// measure fills the measurement, cell by cell, and writes a table for each.
func (m *measurement) measure(ctx context.Context, o *options, chosen []cell, field []contender, out io.Writer) error {
	results := make([]result, len(chosen))
	turns := 0
	for i, c := range chosen {
		results[i] = newResult(c, field)
		turns += len(results[i].rows) * o.rounds
	}
	line := progress.New(turns)
	for i := range results {
		r := &results[i]
		if err := o.measureCell(ctx, r, line); err != nil {
			return err
		}
		m.results = results[:i+1]
		line.Clear()
		writeTable(out, *r)
	}
	return nil
}

// measureCell has all servers take their turns in one cell.
func (o *options) measureCell(ctx context.Context, r *result, line *progress.Line) error {
	for round := range o.rounds {
		for i := range r.rows {
			row := &r.rows[(i+round)%len(r.rows)] // nobody is always behind the same one
			line.Next(r.name, row.contender.name)
			turn, err := o.measure(ctx, r.cell, row.contender)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			row.add(turn, err)
		}
	}
	if o.syscalls && !r.idle {
		for i := range r.rows {
			r.rows[i].calls = o.countCalls(ctx, r.cell, r.rows[i].contender)
		}
	}
	return nil
}
