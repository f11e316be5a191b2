// Command server is Millrace in the benchmark of servers, written as its users would write it: no handler knows that it
// is measured. See docs/benchmark.md for what all servers of the benchmark do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/millrace-net/millrace/loop"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// run serves until in ends or a signal comes.
func run(args []string, in io.Reader, out io.Writer) error {
	o, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	runtime.GOMAXPROCS(o.loops) // as many as the servers on the other libraries have
	set, err := loop.NewSet(loop.Options{Loops: o.loops, DrainTimeout: drain})
	if err != nil {
		return err
	}
	ln, err := set.Listen("tcp", o.addr, modes[o.mode])
	if err != nil {
		return errors.Join(err, set.Close())
	}
	fmt.Fprintln(out, "listening", ln.Addr())
	return set.Run(ctx)
}
