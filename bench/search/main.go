package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/millrace-net/millrace/bench/internal/progress"
	"github.com/millrace-net/millrace/bench/internal/record"
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
	m := &measurement{plan: o.plan}
	if err := m.measure(o, chosen, out); err != nil {
		return err
	}
	return m.head.Keep(o.record, m.write, o.plots, func(dir string) error { return drawPlots(dir, m.results) })
}

// measure fills the measurement, and writes a table whenever a group is complete.
func (m *measurement) measure(o *options, chosen []draft, out io.Writer) (err error) {
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
	m.head = record.NewHead([]int{cpu}, append([]string{tiers()}, f.notes...)...)
	m.head.Write(out)
	fmt.Fprintln(out)
	return m.measureAll(f, cases, out)
}

func (m *measurement) measureAll(f *field, cases []*searchCase, out io.Writer) error {
	line := progress.New(len(cases))
	begin := 0 // of the group
	for i, c := range cases {
		entrants := f.entrants(c)
		line.Next(c.name, fmt.Sprintf("%d contenders", len(entrants)))
		rows, err := m.plan.measure(c, entrants)
		if err != nil {
			return err
		}
		m.results = append(m.results, result{c, rows})
		if i+1 == len(cases) || cases[i+1].group() != c.group() {
			line.Clear()
			if err := writeTable(out, m.results[begin:]); err != nil {
				return err
			}
			begin = i + 1
		}
	}
	return nil
}
