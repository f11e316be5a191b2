//go:build linux

package loop

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
)

var (
	simSeeds = flag.Int("sim-seeds", simDefault, "runs of TestSimulation")
	simSeed  = flag.Uint64("sim-seed", 0, "its first seed; 0: another one each time")
	simSmall = flag.Bool("sim-shrink", true, "look for a smaller run where one fails")
	simFor   = flag.Duration("sim-for", 0, "go on with further seeds for so long")
)

// TestSimulation plays runs of a loop on a made-up kernel, each from a seed. docs/simulation.md says what is checked.
func TestSimulation(t *testing.T) {
	seed := *simSeed
	for seed == 0 {
		seed = rand.Uint64() >> 1
	}
	var sum simResult
	runs := 0
	for began := time.Now(); runs < *simSeeds || time.Since(began) < *simFor; runs++ {
		r := bubble(t, simConfig{seed: seed + uint64(runs)})
		if r.err != nil {
			t.Fatalf("%s", shrink(t, r))
		}
		if again := runs%50 == 0; again {
			if twin := bubble(t, r.simConfig); twin.hash != r.hash || twin.counts != r.counts {
				t.Fatalf("-sim-seed %d: two runs are not the same: %+v and %+v", r.seed, r.counts, twin.counts)
			}
		}
		sum.add(r)
	}
	t.Logf("from -sim-seed %d: %d runs, %s", seed, runs, sum.String())
}

// bubble plays a run where the clock of package time stands still.
func bubble(t *testing.T, c simConfig) (r simResult) {
	synctest.Test(t, func(*testing.T) { r = simulate(c) })
	return r
}

func (r *simResult) add(s simResult) {
	r.links += s.links
	r.turns += s.turns
	r.virtual += s.virtual
	r.counts.Calls += s.counts.Calls
	r.counts.Struck += s.counts.Struck
	r.counts.Resets += s.counts.Resets
	r.counts.Jumps += s.counts.Jumps
	r.counts.Bytes += s.counts.Bytes
}

func (r *simResult) String() string {
	return fmt.Sprintf("%d connections, %d turns, %d calls, %d faults, %d resets, %d jumps of the clock, %d bytes, "+
		"%.0f s of virtual time", r.links, r.turns, r.counts.Calls, r.counts.Struck, r.counts.Resets, r.counts.Jumps, r.counts.Bytes, r.virtual.Seconds())
}

// faultKinds is how many bits simConfig.off has.
const faultKinds = 9

// shrink looks for a smaller run that fails, and tells of it: with as few connections and kinds of faults as it takes.
func shrink(t *testing.T, r simResult) string {
	var b strings.Builder
	first, _, _ := strings.Cut(r.err.Error(), "\n")
	fmt.Fprintf(&b, "-sim-seed %d -sim-seeds 1, %d connections, turn %d: %s\n", r.seed, r.conns, r.turns, first)
	if !*simSmall {
		return b.String() + r.err.Error()
	}
	for bit := range faultKinds {
		c := r.simConfig
		c.off |= 1 << bit
		if less := bubble(t, c); kind(less.err) == kind(r.err) {
			r = less
		}
	}
	for conns := 1; conns < r.conns; conns += conns/2 + 1 {
		c := r.simConfig
		c.conns = conns
		if less := bubble(t, c); kind(less.err) == kind(r.err) {
			r = less
			break
		}
	}
	fmt.Fprintf(&b, "shrunk to %d connections, faults but %b, turn %d: %v", r.conns, r.off, r.turns, r.err)
	return b.String()
}

// kind is what the first line of an error says, less the numbers.
func kind(err error) string {
	first, _, _ := strings.Cut(fmt.Sprint(err), "\n")
	return strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return -1
		}
		return c
	}, first)
}
