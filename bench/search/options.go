package main

import (
	"errors"
	"flag"
	"io"
	"regexp"
	"time"

	"github.com/millrace-net/millrace/bench/internal/cli"
)

// options is the command line.
type options struct {
	plan
	run    *regexp.Regexp
	list   bool
	record string
	plots  string
	native string
	cpu    int
	seed   uint64
}

// parseOptions reads the arguments, without the name of the program. What is wrong with them is told to usage.
func parseOptions(args []string, usage io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("search", flag.ContinueOnError)
	f.SetOutput(usage)
	f.IntVar(&o.rounds, "rounds", 7, "how often everyone has a turn in each case")
	f.DurationVar(&o.batch, "batch", 3*time.Millisecond, "how long a turn is, about")
	f.BoolVar(&o.list, "list", false, "list the cases, and measure nothing")
	f.StringVar(&o.record, "record", "", "write everything that was measured to `file`")
	f.StringVar(&o.plots, "plots", "", "draw plots in `directory`")
	f.StringVar(&o.native, "native", "", "where search-c and search-rust are: a `directory`, by default that of this program")
	f.IntVar(&o.cpu, "cpu", -1, "the processor to run on, by default the last one")
	f.Uint64Var(&o.seed, "seed", 1, "the seed of the random texts")
	run := cli.Regexp(f, "run", "measure only the cases whose names match `regexp`")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 || o.rounds < 1 || o.batch <= 0 {
		f.Usage()
		return nil, errors.New("at least one round, a batch longer than nothing, and no other arguments")
	}
	o.run = *run
	var err error
	o.native, err = cli.OrOwnFolder(o.native)
	return o, err
}

// drafts returns the cases that are to be measured.
func (o *options) drafts() []draft {
	var chosen []draft
	for _, d := range drafts(o.seed) {
		if o.run.MatchString(d.name) {
			chosen = append(chosen, d)
		}
	}
	return chosen
}
