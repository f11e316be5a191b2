package main

import (
	"errors"
	"flag"
	"io"
	"regexp"
	"runtime"
	"time"

	"github.com/millrace-net/millrace/bench/internal/cli"
)

// options is the command line.
type options struct {
	rounds           int
	duration, warmup time.Duration
	run, on          *regexp.Regexp
	quick, list      bool
	syscalls         bool
	perf             bool
	record, plots    string
	bin              string
	serverCPU        int
	loadCPU          int
	rate             int
}

// parseOptions reads the arguments, without the name of the program. What is wrong with them is told to usage.
func parseOptions(args []string, usage io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(usage)
	f.IntVar(&o.rounds, "rounds", 5, "how often everyone has a turn in each cell")
	f.DurationVar(&o.duration, "duration", time.Second, "how long a turn is measured")
	f.DurationVar(&o.warmup, "warmup", 200*time.Millisecond, "how long a turn runs before")
	f.BoolVar(&o.quick, "quick", false, "a few cells only, and who matters most")
	f.BoolVar(&o.list, "list", false, "list the cells, and measure nothing")
	f.BoolVar(&o.syscalls, "syscalls", true, "count the servers' system calls too, in turns of their own, where strace is installed")
	f.BoolVar(&o.perf, "perf", false, "instead, share out the time of a message among the parts of kernel and server, by samples of perf, in one turn each")
	f.StringVar(&o.record, "record", "", "write everything that was measured to `file`")
	f.StringVar(&o.plots, "plots", "", "draw plots in `directory`")
	f.StringVar(&o.bin, "bin", "", "where the programs are: a `directory`, by default that of this one")
	f.IntVar(&o.serverCPU, "server-cpu", 0, "the processor of a server with one loop")
	f.IntVar(&o.loadCPU, "load-cpu", runtime.NumCPU()-1, "the processor of the load generator")
	f.IntVar(&o.rate, "rate", 40_000, "messages a second of the cells with a fixed rate")
	run := cli.Regexp(f, "run", "measure only the cells whose names match `regexp`")
	on := cli.Regexp(f, "on", "and only the servers whose names match `regexp`, beside the C loop")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 || o.rounds < 1 || o.duration <= 0 || o.rate < 1 {
		f.Usage()
		return nil, errors.New("at least one round, a duration and a rate above nothing, and no other arguments")
	}
	o.run, o.on = *run, *on
	var err error
	o.bin, err = cli.OrOwnFolder(o.bin)
	return o, err
}

// cells returns the cells that are to be measured.
func (o *options) cells() []cell {
	var chosen []cell
	for _, c := range cells(o.rate) {
		if o.run.MatchString(c.name) && (c.quick || !o.quick) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}
