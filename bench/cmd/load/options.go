package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// options is the command line.
type options struct {
	target   target
	mode     string
	conns    int
	depth    int
	size     int // bytes of a message; of http, those of a request
	warmup   time.Duration
	duration time.Duration
	messages int64   // how many end the measured time; 0: duration does
	rate     float64 // messages a second; 0: closed loop
	pid      int     // of the server; 0: not known
	progress bool
	limits   limits
}

// The most that may be asked for. What is allocated for a load is in proportion to these.
const (
	maxConns    = 20_000
	maxDepth    = 1 << 16
	maxInFlight = 1 << 22 // messages on all connections
	maxUnread   = 1 << 28 // bytes in flight on one: written without a look at the clock, if the server takes them
	maxRate     = 10_000_000
	maxDuration = time.Hour
)

// modeRule is what a mode takes.
type modeRule struct {
	size, minSize, maxSize int  // bytes; all 0: the mode has its own messages
	depth                  int  // by default
	unpaced                bool // it takes neither -rate nor -messages
}

var modes = map[string]modeRule{
	"echo":   {size: 64, minSize: 1, maxSize: 1 << 20, depth: 1},
	"line":   {size: 64, minSize: 4, maxSize: 64 << 10, depth: 1}, // two characters at least tell 251 lines apart
	"stream": {size: 64 << 10, minSize: 1, maxSize: 1 << 20, depth: 4},
	"http":   {depth: 1},
	"idle":   {size: 64, minSize: 1, maxSize: 1 << 20, depth: 1, unpaced: true},
	"slow":   {size: 64, minSize: 4, maxSize: 64 << 10, depth: 1000, unpaced: true},
}

// parseOptions reads the arguments, without the name of the program. A flag that does not exist is told to usage.
func parseOptions(args []string, usage io.Writer) (*options, error) {
	o := &options{limits: usualLimits}
	var addr string
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&addr, "addr", "", "where the server listens: a loopback `address` with a port, or unix:PATH")
	f.StringVar(&o.mode, "mode", "echo", "echo, line, stream, http, idle or slow")
	f.IntVar(&o.conns, "conns", 1, "how many connections")
	f.IntVar(&o.depth, "depth", 0, "messages in flight on each connection; by default 1, in stream 4, in slow 1000")
	f.IntVar(&o.size, "size", 0, "`bytes` of a message; by default 64, in mode stream 65536; mode http has its own")
	f.DurationVar(&o.warmup, "warmup", 300*time.Millisecond, "how long the load runs before it is measured")
	f.DurationVar(&o.duration, "duration", 2*time.Second, "how long it is measured")
	f.Int64Var(&o.messages, "messages", 0, "instead of -duration: after how many messages the measured time ends")
	f.Float64Var(&o.rate, "rate", 0, "how many messages a second on all connections; 0: a closed loop")
	f.IntVar(&o.pid, "pid", 0, "the server's process, whose processor time is read")
	f.BoolVar(&o.progress, "progress", false, "draw a progress bar if standard error is a terminal")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("what is %q?", f.Arg(0))
	}
	given := make(map[string]bool)
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var err error
	if o.target, err = parseTarget(addr); err != nil {
		return nil, fmt.Errorf("-addr: %w", err)
	}
	return o, o.check(given)
}

// check demands that the options make sense together, and sets those of the mode that were not given.
func (o *options) check(given map[string]bool) error {
	rule, ok := modes[o.mode]
	if !ok {
		return fmt.Errorf("-mode: there is no mode %q", o.mode)
	}
	if !given["depth"] {
		o.depth = rule.depth
	}
	if !given["size"] {
		o.size = rule.size
	}
	if err := o.checkAmounts(rule, given); err != nil {
		return err
	}
	switch {
	case given["messages"] && given["duration"]:
		return errors.New("-messages and -duration: only one of them can end the load")
	case rule.unpaced && (given["rate"] || given["messages"]):
		return fmt.Errorf("-mode %s takes neither -rate nor -messages", o.mode)
	case o.mode == "idle" && o.pid == 0:
		return errors.New("-mode idle needs -pid, for the memory of that process is what it measures")
	}
	return nil
}

// checkAmounts demands that every number is within its bounds.
func (o *options) checkAmounts(rule modeRule, given map[string]bool) error {
	switch {
	case rule.maxSize == 0 && given["size"]:
		return fmt.Errorf("-mode %s takes no -size", o.mode)
	case o.size < rule.minSize || o.size > rule.maxSize:
		return fmt.Errorf("-size: a message of mode %s has %d to %d bytes", o.mode, rule.minSize, rule.maxSize)
	case o.conns < 1 || o.conns > maxConns:
		return fmt.Errorf("-conns: 1 to %d", maxConns)
	case o.depth < 1 || o.depth > maxDepth || o.depth*o.conns > maxInFlight:
		return fmt.Errorf("-depth: 1 to %d, and at most %d messages in flight on all connections", maxDepth, maxInFlight)
	case o.depth*o.size > maxUnread:
		return fmt.Errorf("-depth and -size: at most %d bytes in flight on a connection", maxUnread)
	case o.warmup < 0 || o.warmup > maxDuration:
		return fmt.Errorf("-warmup: 0 to %v", maxDuration)
	case o.duration <= 0 || o.duration > maxDuration:
		return fmt.Errorf("-duration: more than 0, and at most %v", maxDuration)
	case o.messages < 0 || given["messages"] && o.messages == 0:
		return errors.New("-messages: at least 1")
	case o.rate != 0 && !(o.rate >= 1 && o.rate <= maxRate): // also refuses what is not a number
		return fmt.Errorf("-rate: 0, or 1 to %d", maxRate)
	case o.pid < 0:
		return errors.New("-pid: the number of a process")
	}
	return nil
}
