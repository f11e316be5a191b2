//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/millrace-net/millrace/loop"
)

// options suit all three services: elements as long as the store's lines (the other two keep to shorter ones by
// themselves), long ones answered instead of cut off, the web server's patience with a slow request, and an output
// queue with room for many of the store's values that still puts a sleeping reader of the chat out. There is one
// acceptor, so that a port in use is an error, which SO_REUSEPORT would hide.
func options(loops int) loop.Options {
	return loop.Options{
		Loops:          loops,
		Balance:        loop.LeastConns,
		MaxElement:     64 << 10,
		Oversize:       loop.DiscardOversize,
		MaxOutput:      16 << 20,
		ElementTimeout: 20 * time.Second,
		DrainTimeout:   2 * time.Second,
	}
}

// run serves until ctx is done and all connections have ended. It writes to out how to try the services, then the
// traffic of each second that has some.
func run(ctx context.Context, out io.Writer, a addresses, loops int) (err error) {
	site, err := openSite()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.close()) }()
	services, err := newServices(a, site.root)
	if err != nil {
		return err
	}
	set, err := loop.NewSet(options(loops))
	if err != nil {
		return err
	}
	for i := range services {
		if err := services[i].listen(set); err != nil {
			return errors.Join(err, set.Close())
		}
	}
	fmt.Fprintln(out, "Millrace demo; Ctrl-C ends it.")
	for _, s := range services {
		fmt.Fprintln(out, s)
	}
	watched, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		watch(watched, out, set)
	}()
	err = set.Run(ctx)
	cancel()
	<-done
	return err
}

// watch writes the traffic of each second to out until ctx is done.
func watch(ctx context.Context, out io.Writer, set *loop.Set) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	m := meter{at: time.Now()}
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(out, "ending")
			return
		case now := <-tick.C:
			if line, ok := m.next(set.Stats(), now); ok {
				fmt.Fprintln(out, line)
			}
		}
	}
}
