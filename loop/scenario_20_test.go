//go:build linux

package loop

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// How many posts the goroutines of TestScenario20PostsRacingShutdown make, in how many rounds.
var (
	posts      = flag.Int("posts", 1_000_000, "posts of TestScenario20PostsRacingShutdown")
	postRounds = flag.Int("post-rounds", 25, "ends that they race with")
)

// Scenario 20: sixteen goroutines post while the loop is shut down. Each post runs, once and in the order of its
// goroutine, or it is refused; after the first refusal all are.
func TestScenario20PostsRacingShutdown(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 0))
	for round := range *postRounds {
		each := *posts / *postRounds / 16
		raceShutdown(t, each, r.IntN(16*each))
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
}

// raceShutdown has sixteen goroutines post, and shuts the set down when so many have run.
func raceShutdown(t *testing.T, each, shutdownAt int) {
	s, err := NewSet(quiet(Options{Loops: 1}))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- s.Run(context.Background()) }()
	l := s.loops[0]
	var last [16]int // of the loop: what of each goroutine ran last
	var accepted [16]int
	count, now := 0, make(chan struct{})
	var posters sync.WaitGroup
	for g := range accepted {
		posters.Go(func() {
			for i := 1; i <= each; i++ {
				err := l.Post(func() {
					if last[g]++; last[g] != i {
						t.Errorf("post %d of goroutine %d runs as its %d.", i, g, last[g])
					}
					if count++; count == shutdownAt {
						close(now)
					}
				})
				switch refused := accepted[g] < i-1; {
				case err == nil && !refused:
					accepted[g] = i
				case err == nil:
					t.Errorf("post %d of goroutine %d is accepted, after one that was refused", i, g)
				case !errors.Is(err, ErrClosed):
					t.Error(err)
				}
			}
		})
	}
	if shutdownAt > 0 {
		wait(t, now)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := wait(t, ran); err != nil {
		t.Error(err)
	}
	posters.Wait()
	if last != accepted {
		t.Errorf("accepted %v, ran %v", accepted, last)
	}
}

// Scenario 20, the wake-up: a loop that may be about to sleep, asleep, or waking is posted to by one goroutine at a
// time that waits for each. One lost wake-up, and the loop sleeps for ever.
func TestScenario20NoWakeUpIsLost(t *testing.T) {
	s := start(t, Options{Loops: 1})
	l := s.loops[0]
	var turns atomic.Int64
	done := make(chan struct{})
	for i := range 20_000 {
		if err := l.Post(func() { turns.Add(1); done <- struct{}{} }); err != nil {
			t.Fatal(err)
		}
		wait(t, done)
		for range i % 50 { // the loop is somewhere else on its way to sleep each time
			runtime.Gosched()
		}
	}
	if n := turns.Load(); n != 20_000 {
		t.Errorf("%d of 20,000 ran", n)
	}
}
