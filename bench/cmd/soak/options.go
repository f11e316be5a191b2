//go:build linux

package main

import (
	"errors"
	"flag"
	"io"
	"runtime"
	"time"

	"github.com/millrace-net/millrace/bench/internal/cli"
)

// mostSamples bounds the lines of a record.
const mostSamples = 400

// options is the command line.
type options struct {
	minutes float64
	load    float64
	seed    uint64
	bin     string
	record  string
	plot    string
}

// parseOptions reads the arguments, without the name of the program. What is wrong with them is told to usage.
func parseOptions(args []string, usage io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("soak", flag.ContinueOnError)
	f.SetOutput(usage)
	f.Float64Var(&o.minutes, "minutes", 2, "how long there is traffic")
	f.Float64Var(&o.load, "load", 1, "how much traffic: clients pause that many times less between conversations")
	f.Uint64Var(&o.seed, "seed", 1, "what plans, pauses and contents are drawn from")
	f.StringVar(&o.bin, "bin", "", "where the programs are: a `directory`, by default that of this one")
	f.StringVar(&o.record, "record", "", "write samples and checks to `file`")
	f.StringVar(&o.plot, "plot", "", "draw the samples into an SVG `file`")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 || !(o.minutes > 0 && o.minutes <= 7*24*60) || !(o.load > 0 && o.load <= 100) {
		f.Usage()
		return nil, errors.New("some minutes, a week of them at most, a load above 0, and no other arguments")
	}
	var err error
	o.bin, err = cli.OrOwnFolder(o.bin)
	return o, err
}

// duration is how long there is traffic.
func (o *options) duration() time.Duration { return time.Duration(o.minutes * float64(time.Minute)) }

// interval is the time between samples.
func (o *options) interval() time.Duration {
	return max(time.Second, (o.duration()/mostSamples).Truncate(time.Second)+time.Second)
}

func allProcessors() []int {
	all := make([]int, runtime.NumCPU())
	for i := range all {
		all[i] = i
	}
	return all
}
