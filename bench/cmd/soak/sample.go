//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/millrace-net/millrace/bench/internal/census"
)

// serverSample is what a server held, and how late its answers were since the sample before.
type serverSample struct {
	census.Count
	lag quantiles
}

// sample is one moment.
type sample struct {
	at      time.Duration // since the traffic began
	servers []serverSample
	own     quantiles     // how late the probes' requests were sent
	ownCPU  time.Duration // of this process, and of httpget
	sum     talks
	failed  int
}

// sampler takes samples until ctx is done, and the mails out of their directory.
func (s *soak) sampler(ctx context.Context, out io.Writer) {
	tick := time.NewTicker(s.o.interval())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := errors.Join(s.office.collect(), s.world.sweep()); err != nil {
			s.ledger.failure("%v", err)
		}
		one, err := s.sample()
		if err != nil {
			s.ledger.failure("%v", err)
			continue
		}
		s.samples = append(s.samples, one)
		if len(s.samples)%10 == 1 {
			fmt.Fprintf(out, "%4.0f s  %8d conversations  %9d answers  %6d broken by the proxy  %d failures\n",
				one.at.Seconds(), one.sum.all, one.sum.answers, one.sum.broken, one.failed)
		}
	}
}

// sample takes one.
func (s *soak) sample() (sample, error) {
	one := sample{at: time.Since(s.begun), own: s.own.take()}
	for i, srv := range s.servers {
		c, err := srv.count()
		if err != nil {
			return one, fmt.Errorf("%s: %w", srv.name, err)
		}
		one.servers = append(one.servers, serverSample{c, s.lags[i].take()})
	}
	own, err := census.Of(os.Getpid())
	if err != nil {
		return one, err
	}
	one.ownCPU = own.CPU
	one.sum, one.failed = s.ledger.totals()
	return one, nil
}

// write writes the record: a line for each sample, and the checks.
func (s *soak) write(w io.Writer) error {
	fmt.Fprintf(w, "# %v of traffic, a sample every %v, load %v\n", s.o.duration(), s.o.interval(), s.o.load)
	fmt.Fprintln(w, "# of each server: resident KiB/descriptors/mappings/those of rings/threads/CPU ms/lag in µs: median/99th percentile/longest")
	fmt.Fprint(w, "seconds")
	for _, srv := range s.servers {
		fmt.Fprint(w, "\t", srv.name)
	}
	fmt.Fprintln(w, "\tprobes' own lag\tsoak's CPU ms\tconversations\tanswers\tbroken\tfailures")
	for _, one := range s.samples {
		fmt.Fprintf(w, "%.0f", one.at.Seconds())
		for _, v := range one.servers {
			fmt.Fprintf(w, "\t%d/%d/%d/%d/%d/%d/%d/%d/%d", v.Resident>>10, v.Descriptors, v.Mappings, v.Rings, v.Threads,
				v.CPU.Milliseconds(), v.lag.p50, v.lag.p99, v.lag.max)
		}
		fmt.Fprintf(w, "\t%d/%d/%d\t%d\t%d\t%d\t%d\t%d\n", one.own.p50, one.own.p99, one.own.max, one.ownCPU.Milliseconds(),
			one.sum.all, one.sum.answers, one.sum.broken, one.failed)
	}
	s.writeChecks(w)
	return nil
}
