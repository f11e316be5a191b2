package main

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/millrace-net/millrace/loop"
)

// drain bounds the end of the server: its clients have gone, or are to be cut off.
const drain = 500 * time.Millisecond

// modes are what the server can do on a connection.
var modes = map[string]loop.Factory{"echo": newEcho, "line": newLines, "http": newHTTP}

// options is the command line.
type options struct {
	addr, mode string
	loops      int
}

func parseOptions(args []string) (options, error) {
	var o options
	names := strings.Join(slices.Sorted(maps.Keys(modes)), "|")
	f := flag.NewFlagSet("server", flag.ContinueOnError)
	f.StringVar(&o.addr, "addr", "127.0.0.1:0", "`address` to listen on")
	f.StringVar(&o.mode, "mode", "echo", "what to serve: "+names)
	f.IntVar(&o.loops, "loops", 1, "loops, and so threads")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if modes[o.mode] == nil || o.loops < 1 || f.NArg() > 0 {
		return o, fmt.Errorf("want -mode %s, at least one loop, and no other arguments", names)
	}
	return o, nil
}
