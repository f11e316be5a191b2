//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/millrace-net/millrace/bench/internal/badproxy"
)

// client is a kind of client, of which some work at once.
type client struct {
	kind    string
	workers int
	pause   time.Duration // the mean, between two conversations of a worker
	faults  []badproxy.Fault
	talk    func(c *conversation) error
}

// allFaults is the order in which a worker has them: none is drawn, so that none is missed.
var allFaults = []badproxy.Fault{
	badproxy.Clean, badproxy.Reset, badproxy.Dribble, badproxy.HalfClose, badproxy.Cut, badproxy.Swallow, badproxy.Stall,
}

// clients are those of all services.
func (s *soak) clients() []client {
	const often, seldom = 300 * time.Millisecond, 700 * time.Millisecond
	at, files := s.address, s.world.contents
	all := []client{
		{"http-demo", 2, often, allFaults, func(c *conversation) error { return talkHTTP(c, at("demo", "http"), nil) }},
		{"http", 2, often, allFaults, func(c *conversation) error { return talkHTTP(c, at("httpd", "httpd"), files) }},
		{"resp-demo", 2, often, allFaults, func(c *conversation) error { return talkRESP(c, at("demo", "resp")) }},
		{"resp", 2, often, allFaults, func(c *conversation) error { return talkRESP(c, at("resp", "resp")) }},
		{"chat-demo", 2, often, allFaults, func(c *conversation) error { return talkChat(c, at("demo", "chat")) }},
		{"chat", 2, often, allFaults, func(c *conversation) error { return talkChat(c, at("chat", "chat")) }},
		{"smtp", 2, often, allFaults, func(c *conversation) error { return talkSMTP(c, at("smtpd", "smtpd"), s.office, nil) }},
		{"starttls", 1, often, allFaults, func(c *conversation) error {
			return talkSMTP(c, at("smtpd", "smtpd"), s.office, s.world.cert.roots)
		}},
		{"ftp", 2, often, allFaults, func(c *conversation) error { return talkFTP(c, at("ftp", "ftp"), s.world) }},
		{"httpget", 1, seldom, allFaults, func(c *conversation) error { return talkHTTPGet(c, s.o.bin, at("httpd", "httpd"), files) }},
	}
	for _, a := range abuses {
		all = append(all, client{a.name, 1, seldom, allFaults[:1], func(c *conversation) error {
			v := victims[c.rng.IntN(len(victims))]
			return a.do(c, at(v.server, v.service), protocols[v.protocol])
		}})
	}
	return all
}

// victims are the services that are abused.
var victims = []struct{ server, service, protocol string }{
	{"demo", "http", "http"}, {"demo", "resp", "resp"}, {"demo", "chat", "chat"}, {"httpd", "httpd", "http"}, {"resp", "resp", "resp"},
	{"chat", "chat", "chat"}, {"smtpd", "smtpd", "smtp"}, {"ftp", "ftp", "ftp"},
}

// converse has one conversation and enters it in the ledger.
func (s *soak) converse(k *client, id string, f badproxy.Fault, rng *rand.Rand) {
	c := newConversation(id, f, rng)
	err := k.talk(c)
	c.end()
	s.ledger.enter(k.kind, c, err)
}

// warmUp has each client talk once, straight and one after the other: whatever is made at the first use is there from
// then on.
func (s *soak) warmUp() {
	for i, k := range s.clients() {
		s.converse(&k, fmt.Sprintf("%s-warm", k.kind), badproxy.Clean, rand.New(rand.NewPCG(s.o.seed, uint64(i))))
	}
}

// traffic runs all clients until ctx is done, and returns when the last conversation has ended.
func (s *soak) traffic(ctx context.Context) {
	var wait sync.WaitGroup
	stream := uint64(1000)
	for _, k := range s.clients() {
		for i := range k.workers {
			stream++
			rng := rand.New(rand.NewPCG(s.o.seed, stream))
			wait.Go(func() { s.worker(ctx, &k, i, rng) })
		}
	}
	wait.Wait()
}

// worker converses again and again.
func (s *soak) worker(ctx context.Context, k *client, number int, rng *rand.Rand) {
	for n := 0; ctx.Err() == nil; n++ {
		f := k.faults[(n+number*3)%len(k.faults)]
		s.converse(k, fmt.Sprintf("%s%d-%d", k.kind, number, n), f, rng)
		pause := time.NewTimer(time.Duration(rng.Float64() * 2 * float64(k.pause) / s.o.load))
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
	}
}
