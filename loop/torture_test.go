//go:build linux

package loop

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/ringbuf"
)

var (
	tortureAll    = flag.Bool("torture", false, "make every call of every scenario fail in every way; otherwise a sample of it")
	tortureSeed   = flag.Uint64("torture-seed", 0, "what chooses the sample; 0: another one each time")
	tortureCase   = flag.String("torture-case", "", "the one case to run: scenario/call/k/errno/once or on")
	tortureRecord = flag.String("torture-record", "", "the file to write the counts of -torture to")
)

// sampleSize is how many faults of a scenario a sample has.
const sampleSize = 12

// tally counts what was done to a scenario.
type tally struct {
	name                          string
	calls, runs, hits, slow, fail int
	took                          time.Duration
}

// TestTorture plays each scenario in order, and then again and again with one call, or all from one on, failing. docs/torture.md
// says what is checked.
func TestTorture(t *testing.T) {
	if *tortureCase != "" {
		replay(t, *tortureCase)
		return
	}
	seed := *tortureSeed
	for seed == 0 {
		seed = rand.Uint64()
	}
	if !*tortureAll {
		t.Logf("-torture-seed %d", seed)
	}
	var tallies []tally
	seen := map[string]bool{}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			problems, in := torture(s.play, fault{}, slowMs)
			if len(problems) > 0 {
				t.Fatalf("without a fault: %s", strings.Join(problems, "; "))
			}
			for name := range in.counts {
				seen[name] = true
			}
			faults := faultsOf(in)
			if !*tortureAll {
				random := rand.New(rand.NewPCG(seed, 1))
				random.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
				faults = faults[:min(sampleSize, len(faults))]
			}
			tallies = append(tallies, tortureWith(t, s, faults, in.reach[anyCall]))
		})
	}
	if len(tallies) == len(scenarios) { // else -run chose some
		allCalled(t, seen)
	}
	if *tortureRecord != "" && !t.Failed() {
		if err := os.WriteFile(*tortureRecord, []byte(report(tallies)), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// tortureWith plays a scenario with each fault.
func tortureWith(t *testing.T, s scenario, faults []fault, calls int) tally {
	sum := tally{name: s.name, calls: calls}
	began := time.Now()
	for _, f := range faults {
		problems, in := torture(s.play, f, quickMs)
		if len(problems) > 0 {
			sum.slow++
			problems, in = torture(s.play, f, slowMs)
		}
		sum.runs++
		if in.hits > 0 {
			sum.hits++
		}
		if len(problems) > 0 {
			sum.fail++
			t.Errorf("-torture-case %s/%s: %s", s.name, f.String(), strings.Join(problems, "; "))
		}
		if sum.fail == 20 {
			t.Fatal("too many failures")
		}
	}
	sum.took = time.Since(began)
	return sum
}

// replay runs one case.
func replay(t *testing.T, name string) {
	scene, rest, _ := strings.Cut(name, "/")
	f, err := parseFault(rest)
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == scene })
	if i < 0 || err != nil {
		t.Fatalf("-torture-case %s: scenario %q, %v", name, scene, err)
	}
	problems, in := torture(scenarios[i].play, f, slowMs)
	t.Logf("%d calls, the fault struck %d times: %v", in.counts[anyCall], in.hits, in.counts)
	if len(problems) > 0 {
		t.Fatal(strings.Join(problems, "\n"))
	}
}

// allCalled checks that each call of the seam is made in some scenario, so that none is left out.
func allCalled(t *testing.T, seen map[string]bool) {
	var look func(v reflect.Type, path string)
	look = func(v reflect.Type, path string) {
		for i := range v.NumField() {
			f := v.Field(i)
			name := path + f.Name
			switch {
			case f.Type.Kind() == reflect.Struct:
				if f.Name != "Rings" || mirrored() { // with the race detector rings are on the heap
					look(f.Type, name+".")
				}
			case name == "EpollCtl":
				for _, op := range []string{"(ADD)", "(MOD)", "(DEL)"} {
					if !seen[name+op] {
						t.Errorf("%s%s is called in no scenario", name, op)
					}
				}
			case name != "Now" && !seen[name]:
				t.Errorf("%s is called in no scenario", name)
			}
		}
	}
	look(reflect.TypeFor[sys.Calls](), "")
}

// mirrored tells whether rings are mapped in this build.
func mirrored() bool {
	pool := ringbuf.NewPool(ringbuf.PoolConfig{})
	defer pool.Close()
	ring, err := pool.Get(4 << 10)
	if err != nil {
		return false
	}
	defer pool.Put(ring)
	return ring.Mirrored()
}

// report is the record of a whole run.
func report(tallies []tally) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s %8s %8s %8s %8s %8s\n", "scenario", "calls", "runs", "struck", "slowly", "seconds")
	sum := tally{name: "all"}
	for _, y := range append(tallies, sum) {
		if y.name == "all" {
			y = sum
		}
		fmt.Fprintf(&b, "%-16s %8d %8d %8d %8d %8.1f\n", y.name, y.calls, y.runs, y.hits, y.slow, y.took.Seconds())
		sum.calls += y.calls
		sum.runs += y.runs
		sum.hits += y.hits
		sum.slow += y.slow
		sum.took += y.took
	}
	return b.String()
}
