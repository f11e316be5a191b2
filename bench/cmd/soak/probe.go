//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	probeEvery = 50 * time.Millisecond
	// probesEach is how many there are for a server: as a new connection goes to the loop that has the fewest, and
	// there is no other yet, each loop of a machine with two processors has one.
	probesEach = 2
	// probesDue bounds the requests without an answer: those of half a minute.
	probesDue = 600
)

// pings are a request of each server that costs it next to nothing, and what the last line of the answer begins with.
var pings = map[string]struct{ service, request, answer string }{
	"demo":  {"resp", "PING\r\n", "+PONG"},
	"httpd": {"httpd", "GET /hello HTTP/1.1\r\nHost: soak\r\n\r\n", strings.TrimSpace(helloBody)},
	"resp":  {"resp", "PING\r\n", "+PONG"},
	"chat":  {"chat", "\n", "* nicknames are"},
	"smtpd": {"smtpd", "NOOP\r\n", "250 nothing done"},
	"ftp":   {"ftp", "NOOP\r\n", "200 nothing done"},
}

// lag is a distribution of times in microseconds: since the last sample, and in all. Any goroutine may use it.
type lag struct {
	mu        sync.Mutex
	now, ever *hdrhistogram.Histogram
}

func newLag() *lag {
	const hour = int64(time.Hour / time.Microsecond)
	return &lag{now: hdrhistogram.New(1, hour, 2), ever: hdrhistogram.New(1, hour, 2)}
}

func (l *lag) note(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.now.RecordValue(d.Microseconds()) // an hour is never reached
	_ = l.ever.RecordValue(d.Microseconds())
}

// quantiles are of a distribution, in microseconds.
type quantiles struct{ p50, p99, max int64 }

func quantilesOf(h *hdrhistogram.Histogram) quantiles {
	return quantiles{h.ValueAtQuantile(50), h.ValueAtQuantile(99), h.Max()}
}

// take returns the distribution since the last call.
func (l *lag) take() quantiles {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := quantilesOf(l.now)
	l.now.Reset()
	return q
}

// probe asks a server at a fixed rate whether it has answered before or not (open loop), on a connection that has
// nothing else to do, and notes how long after a request was due its answer came. How late requests themselves were
// sent goes to own.
func (s *soak) probe(ctx context.Context, name string, own *lag, of *lag) error {
	ping := pings[name]
	nc, err := net.DialTimeout("tcp", s.address(name, ping.service), patience)
	if err != nil {
		return err
	}
	defer nc.Close()
	due := make(chan time.Time, probesDue)
	sent := make(chan error, 1)
	go func() { sent <- sendPings(ctx, nc, ping.request, due, own) }()
	lines := bufio.NewReader(nc)
	for at := range due {
		_ = nc.SetReadDeadline(time.Now().Add(patience))
		for line := ""; !strings.HasPrefix(line, ping.answer); {
			if line, err = lines.ReadString('\n'); err != nil {
				nc.Close()
				<-sent
				return fmt.Errorf("the probe of %s: %w", name, err)
			}
		}
		of.note(time.Since(at))
	}
	return <-sent
}

// sendPings sends the requests until ctx is done; due gets the time of each.
func sendPings(ctx context.Context, nc net.Conn, request string, due chan time.Time, own *lag) error {
	defer close(due)
	for at := time.Now(); ; at = at.Add(probeEvery) {
		wait := time.NewTimer(time.Until(at))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
		own.note(max(0, time.Since(at)))
		if _, err := nc.Write([]byte(request)); err != nil {
			return err
		}
		select {
		case due <- at:
		default:
			return fmt.Errorf("%d requests have no answer", probesDue)
		}
	}
}

// probes run those of all servers until ctx is done.
func (s *soak) probes(ctx context.Context) {
	var wait sync.WaitGroup
	for i, srv := range s.servers {
		for range probesEach {
			wait.Go(func() {
				if err := s.probe(ctx, srv.name, s.own, s.lags[i]); err != nil {
					s.ledger.failure("%v", err)
				}
			})
		}
	}
	wait.Wait()
}
