//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/millrace-net/millrace/bench/internal/census"
)

const (
	settleEvery = 200 * time.Millisecond
	settleTime  = 2 * time.Minute // bounds the wait until servers are idle
	settleCalm  = 5               // looks that have to be alike
)

// soak is a run.
//
//	servers start ─▶ warm up ─▶ idle: counts ─▶ traffic, probes, samples ─▶ idle: counts ─▶ servers end ─▶ checks
//
// Invariant: samples is the sampler's while it runs; the rest is immutable once traffic begins, or guards itself.
type soak struct {
	o       *options
	world   *world
	servers []*server
	ledger  *ledger
	office  *postOffice
	lags    []*lag // of each server
	own     *lag   // of the probes themselves
	begun   time.Time
	samples []sample
	checks  []check
}

// newSoak starts the servers.
func newSoak(o *options) (*soak, error) {
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	s := &soak{o: o, world: w, ledger: newLedger(), office: newPostOffice(w.mail), own: newLag()}
	if s.servers, err = w.startServers(o.bin); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	for range s.servers {
		s.lags = append(s.lags, newLag())
	}
	return s, nil
}

// address returns where a service of a server listens.
func (s *soak) address(server, service string) string {
	for _, srv := range s.servers {
		if srv.name == server {
			return srv.addrs[service]
		}
	}
	return "" // which no dial takes
}

// work has the traffic, and the counts before and after it. What goes wrong is entered in the ledger.
func (s *soak) work(ctx context.Context, out io.Writer) {
	s.warmUp()
	s.settle(func(srv *server) (err error) {
		srv.start, err = srv.settle(0)
		return err
	})
	ctx, cancel := context.WithTimeout(ctx, s.o.duration())
	defer cancel()
	s.begun = time.Now()
	// Probes and samples go on until the last conversation has ended.
	watched, unwatch := context.WithCancel(context.Background())
	var watchers sync.WaitGroup
	watchers.Go(func() { s.probes(watched) })
	watchers.Go(func() { s.sampler(watched, out) })
	s.traffic(ctx)
	unwatch()
	watchers.Wait()
	s.settle(func(srv *server) (err error) {
		srv.end, err = srv.settle(srv.start.Others())
		return err
	})
}

// settle does something to all servers at once.
func (s *soak) settle(each func(*server) error) {
	var wait sync.WaitGroup
	for _, srv := range s.servers {
		wait.Go(func() {
			if err := each(srv); err != nil {
				s.ledger.failure("%v", err)
			}
		})
	}
	wait.Wait()
}

// settle waits until there are as many descriptors, pollers aside, as wanted, or for 0 any number, for a while. It
// returns what the server holds then, or after the longest wait.
func (s *server) settle(want int) (c census.Count, err error) {
	end := time.Now().Add(settleTime)
	for calm := 0; calm < settleCalm && time.Now().Before(end); {
		before := c.Others()
		if c, err = s.count(); err != nil {
			return c, fmt.Errorf("%s: %w", s.name, err)
		}
		if calm++; c.Others() != before || want > 0 && c.Others() != want {
			calm = 0
		}
		time.Sleep(settleEvery)
	}
	return c, nil
}

// stop ends the servers, and removes what they have served.
func (s *soak) stop() error {
	var wait sync.WaitGroup
	for _, srv := range s.servers {
		wait.Go(srv.stop)
	}
	wait.Wait()
	if s.begun.IsZero() { // not all servers have started
		return s.world.remove()
	}
	s.judge()
	return s.world.remove()
}
