//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/millrace-net/millrace/bench/internal/badproxy"
)

const (
	// trendTime is the shortest run whose memory is judged: a shorter one still warms up.
	trendTime = 2 * time.Minute
	// marginBytes, and marginPart of what it held before, are how much more memory a server may hold, on the mean, in
	// the last quarter than in the second.
	marginBytes = 8 << 20
	marginPart  = 0.1
	// runtimePollers are those that Go's runtime opens when it first has to: an epoll and its eventfd.
	runtimePollers = 2
	// runtimeMappings are such as Go's runtime may make as its heap grows.
	runtimeMappings = 30
)

// check is one thing that has to be so.
type check struct {
	ok   bool
	text string
}

func (s *soak) check(ok bool, format string, args ...any) {
	s.checks = append(s.checks, check{ok, fmt.Sprintf(format, args...)})
}

// judge makes all checks. The servers have ended.
func (s *soak) judge() {
	if err := s.office.collect(); err != nil {
		s.ledger.failure("%v", err)
	}
	s.judgeTraffic()
	for i, srv := range s.servers {
		s.judgeServer(i, srv)
	}
	taken, missing := s.office.missing()
	s.check(missing == 0 && taken > 0, "of %d mails that were taken, %d are missing", taken, missing)
	hidden, err := s.world.hidden()
	s.check(err == nil && len(hidden) == 0, "no temporary file of an upload or a mail is left behind: %v %v", hidden, err)
	temp, err := os.ReadDir(s.world.temp)
	s.check(err == nil && len(temp) == 0, "no directory of the demo is left behind: %d, %v", len(temp), err)
	_, failed := s.ledger.totals()
	s.check(failed == 0, "%d failures", failed)
}

// judgeTraffic checks that everybody was there, and every fault.
func (s *soak) judgeTraffic() {
	s.ledger.mu.Lock()
	var silent []string
	for _, k := range s.clients() {
		if t := s.ledger.kinds[k.kind]; t == nil || t.all < 2 || t.answers == 0 && len(k.faults) > 1 {
			silent = append(silent, k.kind)
		}
	}
	s.ledger.mu.Unlock()
	s.check(len(silent) == 0, "every client has talked: all but %v", silent)
	sum, _ := s.ledger.totals()
	var missed []string
	for f := range badproxy.Faults {
		if sum.faults[f] == 0 || f.Lossy() && sum.struck[f] == 0 {
			missed = append(missed, f.String())
		}
	}
	s.check(len(missed) == 0, "every fault has struck: all but %v", missed)
}

// judgeServer compares what a server held.
func (s *soak) judgeServer(i int, srv *server) {
	from, to := srv.start, srv.end
	s.check(to.Others() == from.Others() && to.Pollers <= from.Pollers+runtimePollers,
		"%s: %d descriptors and %d pollers at the end, %d and %d at the start", srv.name, to.Others(), to.Pollers, from.Others(), from.Pollers)
	most := 2 * s.atOnce() // each is mapped twice
	s.check(to.Rings <= from.Rings+most, "%s: %d mappings of rings at the end, %d at the start, and at most %d more in pools",
		srv.name, to.Rings, from.Rings, most)
	s.check(to.Mappings-to.Rings <= from.Mappings-from.Rings+runtimeMappings, "%s: %d other mappings at the end, %d at the start",
		srv.name, to.Mappings-to.Rings, from.Mappings-from.Rings)
	t := s.memory(i)
	s.check(!t.judged || t.last <= t.second+t.margin(), "%s", t.text(srv.name))
	s.check(srv.err == nil, "%s: ends with code 0: %v", srv.name, srv.err)
	srv.mu.Lock()
	defer srv.mu.Unlock()
	complaints := strings.Join(srv.complaints, " | ")
	s.check(complaints == "", "%s: says nothing on standard error: %.500s", srv.name, complaints)
	q := quantilesOf(s.lags[i].ever)
	s.check(q.max > 0, "%s: lag in µs: median %d, 99th percentile %d, longest %d", srv.name, q.p50, q.p99, q.max)
}

// atOnce is how many workers there are, and so about how many connections can each hold a ring at once. That many an idle
// server may keep in its pools; a leak would grow with the conversations, of which there are thousands.
func (s *soak) atOnce() (n int) {
	for _, k := range s.clients() {
		n += k.workers
	}
	return n
}

// writeChecks tells of all that was found.
func (s *soak) writeChecks(w io.Writer) {
	s.ledger.write(w)
	q := quantilesOf(s.own.ever)
	fmt.Fprintf(w, "# the probes' own lag in µs: median %d, 99th percentile %d, longest %d\n", q.p50, q.p99, q.max)
	if n := len(s.samples); n > 1 {
		first, last := s.samples[0], s.samples[n-1]
		used := last.ownCPU - first.ownCPU
		for i := range last.servers {
			used += last.servers[i].CPU - first.servers[i].CPU
		}
		fmt.Fprintf(w, "# processors in use: %.2f, of which this process %.2f\n", used.Seconds()/(last.at-first.at).Seconds(),
			(last.ownCPU-first.ownCPU).Seconds()/(last.at-first.at).Seconds())
	}
	for _, c := range s.checks {
		word := "ok"
		if !c.ok {
			word = "FAILED"
		}
		fmt.Fprintf(w, "# %s: %s\n", word, c.text)
	}
}

// verdict returns an error if a check has failed.
func (s *soak) verdict() error {
	failed := 0
	for _, c := range s.checks {
		if !c.ok {
			failed++
		}
	}
	if failed > 0 {
		return errors.New(fmt.Sprint(failed, " checks have failed"))
	}
	return nil
}
