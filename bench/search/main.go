package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/millrace-net/millrace/bench/internal/machine"
)

func main() {
	o, err := parseOptions(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err == nil:
		err = run(o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

// run does what the command line asks for.
func run(o *options, out io.Writer) error {
	chosen := o.drafts()
	if o.list {
		for _, d := range chosen {
			fmt.Fprintln(out, d.name)
		}
		return nil
	}
	if len(chosen) == 0 {
		return errors.New("no case has such a name")
	}
	r := &record{begun: time.Now(), command: machine.CommandLine(os.Args), commit: machine.Commit(), plan: o.plan}
	if err := r.measure(o, chosen, out); err != nil {
		return err
	}
	return r.keep(o)
}

// measure fills the record, and writes a table whenever a group is complete.
func (r *record) measure(o *options, chosen []draft, out io.Writer) (err error) {
	cpu, err := pin(o.cpu)
	if err != nil {
		return err
	}
	cases, texts, err := casesOf(chosen)
	if err != nil {
		return err
	}
	f, err := newField(o.native, texts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	r.machine = append(append(machine.Describe(cpu), tiers()), f.notes...)
	for _, line := range r.machine {
		fmt.Fprintln(out, line)
	}
	fmt.Fprintln(out)
	return r.measureAll(f, cases, out)
}

func (r *record) measureAll(f *field, cases []*searchCase, out io.Writer) error {
	p := newProgress(len(cases))
	begin := 0 // of the group
	for i, c := range cases {
		entrants := f.entrants(c)
		p.next(c.name, len(entrants))
		rows, err := r.plan.measure(c, entrants)
		if err != nil {
			return err
		}
		r.results = append(r.results, result{c, rows})
		if i+1 == len(cases) || cases[i+1].group() != c.group() {
			p.clear()
			if err := writeTable(out, r.results[begin:]); err != nil {
				return err
			}
			begin = i + 1
		}
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
