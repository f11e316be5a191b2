package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// The forms that every library has.
const (
	formBest  = "best"
	formPlain = "plain"
)

// The modes; not every library has all.
const (
	modeEcho = "echo"
	modeLine = "line"
	modeHTTP = "http"
)

// options is the command line.
type options struct {
	lib, form, addr, mode string
	loops                 int
	peer                  peer
}

// best tells which of the two forms is asked for.
func (o *options) best() bool { return o.form == formBest }

// parseOptions reads the arguments, without the name of the program. What is wrong with them is told to usage.
func parseOptions(args []string, usage io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&o.lib, "lib", "", "the `library`: "+strings.Join(libraries(), ", "))
	f.StringVar(&o.form, "form", formBest, "the `form`: best or plain")
	f.StringVar(&o.addr, "addr", "127.0.0.1:0", "where to listen: `host:port`, with port 0 for any")
	f.StringVar(&o.mode, "mode", modeEcho, "the `mode`: echo, line or http")
	f.IntVar(&o.loops, "loops", 1, "how many event loops, and processors")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, errUsage
	}
	if err := o.check(f.Args()); err != nil {
		fmt.Fprintln(usage, "peers:", err)
		return nil, errUsage
	}
	return o, nil
}

// check demands what the flags do not, and finds the library.
func (o *options) check(rest []string) error {
	var known bool
	o.peer, known = peers[o.lib]
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case !known:
		return fmt.Errorf("no library %q, only %s", o.lib, strings.Join(libraries(), ", "))
	case o.form != formBest && o.form != formPlain:
		return fmt.Errorf("no form %q, only %s and %s", o.form, formBest, formPlain)
	case !slices.Contains([]string{modeEcho, modeLine, modeHTTP}, o.mode):
		return fmt.Errorf("no mode %q, only %s, %s and %s", o.mode, modeEcho, modeLine, modeHTTP)
	case !slices.Contains(o.peer.modes, o.mode):
		return fmt.Errorf("%s has no mode %q, only %s", o.lib, o.mode, strings.Join(o.peer.modes, ", "))
	case o.loops < 1:
		return fmt.Errorf("%d loops are too few", o.loops)
	}
	return nil
}

// libraries returns the names of the libraries.
func libraries() []string { return slices.Sorted(maps.Keys(peers)) }
