package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// patience is what a library has for its own way of stopping. Some wait for their connections; the measurement does not.
const patience = time.Second

// errUsage is a command line that cannot be served. What is wrong with it has been told.
var errUsage = errors.New("wrong command line")

func main() {
	ctx := untilStopped(os.Stdin)
	context.AfterFunc(ctx, func() {
		time.AfterFunc(patience, func() { os.Exit(0) })
	})
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// run serves what the arguments ask for until ctx ends.
func run(ctx context.Context, args []string, out, usage io.Writer) error {
	o, err := parseOptions(args, usage)
	if err != nil {
		return err
	}
	// N loops have N processors, whatever the library, so that all are measured with as many. None needs more: a poller that
	// waits does so in a system call, and the runtime lends its processor to the other goroutines meanwhile.
	runtime.GOMAXPROCS(o.loops)
	return o.peer.serve(ctx, o, func(a net.Addr) { fmt.Fprintln(out, "listening", a) })
}

// untilStopped returns a context that ends when in does or when the process is asked to end. Whoever measures holds the
// other end of in, so that no server outlives a measurement that is broken off.
func untilStopped(in io.Reader) context.Context {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx
}
