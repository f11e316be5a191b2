//go:build linux

// Command soak runs the example servers as their users do, as programs of their own, under mixed traffic for a set
// time: clients of every protocol that check every answer, behind a proxy that misbehaves, and abusers that have no
// good intentions. Meanwhile it samples what each server holds and how late its loops are; at the end all has to be as
// it was at the start. See docs/soak.md.
//
//	make soak MINUTES=60
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/millrace-net/millrace/bench/internal/record"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	context.AfterFunc(ctx, cancel) // a second signal ends it at once
	o, err := parseOptions(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err == nil:
		err = run(ctx, o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// run soaks, keeps the record, and returns an error if a check has failed. When ctx is done before the time it ends in
// order.
func run(ctx context.Context, o *options, out io.Writer) error {
	head := record.NewHead(allProcessors(), fmt.Sprintf("seed: %d", o.seed))
	head.Write(out)
	s, err := newSoak(o)
	if err != nil {
		return err
	}
	s.work(ctx, out)
	if err := s.stop(); err != nil {
		return err
	}
	s.writeChecks(out)
	if err := head.Keep(o.record, s.write, "", nil); err != nil {
		return err
	}
	if o.plot != "" {
		if err := s.draw(o.plot); err != nil {
			return err
		}
	}
	return s.verdict()
}
