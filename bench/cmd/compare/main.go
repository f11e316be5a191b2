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
	"time"

	"github.com/millrace-net/millrace/bench/internal/machine"
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
	r := &record{
		begun: time.Now(), command: machine.CommandLine(os.Args), commit: machine.Commit(),
		machine: append(machine.Describe(o.serverCPU, o.loadCPU), notes...), rounds: o.rounds,
	}
	r.writeHead(out)
	if err := r.measure(ctx, o, chosen, field, out); err != nil {
		return err
	}
	writeMatrix(out, r.results)
	return r.keep(o)
}

// measure fills the record, cell by cell, and writes a table for each.
func (r *record) measure(ctx context.Context, o *options, chosen []cell, field []contender, out io.Writer) error {
	bar := newProgress(o, chosen, field)
	for _, c := range chosen {
		result := newResult(c, field)
		for round := range o.rounds {
			for i := range result.rows {
				row := &result.rows[(i+round)%len(result.rows)] // nobody is always behind the same one
				bar.next(c.name, row.contender.name)
				run, err := o.measure(ctx, c, row.contender)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				row.add(run, err)
			}
		}
		if o.syscalls {
			for i := range result.rows {
				result.rows[i].calls = o.countCalls(ctx, c, result.rows[i].contender)
			}
		}
		r.results = append(r.results, result)
		bar.clear()
		writeTable(out, result)
	}
	return nil
}

// keep writes the files that are asked for.
func (r *record) keep(o *options) error {
	if o.record != "" {
		if err := r.save(o.record); err != nil {
			return err
		}
	}
	if o.plots != "" {
		return drawPlots(o.plots, r.results)
	}
	return nil
}
