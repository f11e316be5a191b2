package fuzz

import (
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/millrace-net/millrace/fuzz/internal/chat"
	"github.com/millrace-net/millrace/loop"
)

// How the differential test against CPython's asynchat runs; docs/asynchat-oracle.md says more.
var (
	chatUpdate = flag.Bool("chat-update", false, "have TestChatGoldens write the goldens anew, with CPython")
	chatLive   = flag.Int("chat-live", 2_000, "scripts of TestChatLive")
	chatSeed   = flag.Uint64("chat-seed", 0, "seed of TestChatLive's first script; 0: a fresh one")
)

const (
	chatGoldens = "testdata/asynchat.jsonl.gz"
	// chatMixed is the number of goldens that chat.Generate makes, from seed 1 on; chatOfClass that of each class besides.
	chatMixed   = 6_000
	chatOfClass = 150
)

// chatScripts makes the scripts of the goldens.
func chatScripts() []*chat.Script {
	var all []*chat.Script
	for seed := uint64(1); seed <= chatMixed; seed++ {
		all = append(all, chat.Generate(seed))
	}
	for _, class := range chat.Classes {
		n := uint64(chatOfClass)
		if class == "glut" {
			n = 20
		}
		for seed := uint64(1); seed <= n; seed++ {
			all = append(all, chat.GenerateClass(class, seed))
		}
	}
	return append(all, linearScripts()...)
}

// chatRunners are runners of both kinds of delivery.
type chatRunners struct{ pieces, whole *chat.Runner }

func newChatRunners(t testing.TB) *chatRunners {
	t.Helper()
	r := &chatRunners{}
	for _, d := range []loop.Delivery{loop.Pieces, loop.Whole} {
		one, err := chat.NewRunner(d)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := one.Close(); err != nil {
				t.Error(err)
			}
		})
		if d == loop.Pieces {
			r.pieces = one
		} else {
			r.whole = one
		}
	}
	return r
}

// run runs s on both, and demands that Whole delivery finds the elements that Pieces does. It returns the trace of Pieces.
func (r *chatRunners) run(t testing.TB, s *chat.Script) []string {
	t.Helper()
	pieces, err := r.pieces.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	if !r.whole.Takes(s) {
		return pieces
	}
	whole, err := r.whole.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	sameTrace(t, s, "in pieces", chat.Elements(pieces), "whole", chat.Elements(whole))
	return pieces
}

// sameTrace demands that two traces of s are the same.
func sameTrace(t testing.TB, s *chat.Script, nameA string, a []string, nameB string, b []string) {
	t.Helper()
	if slices.Equal(a, b) {
		return
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	t.Fatalf("%s\nfrom line %d on\n%s: %q\n%s: %q", s, i, nameA, a[i:], nameB, b[i:])
}

// check runs what CPython has run: the model must have foreseen both traces, and where it meets no difference they must be
// the same. Where CPython wrote within each push, the peer may have received what is dropped here, and all else is the same.
func (r *chatRunners) check(t testing.TB, trial chat.Trial) (met chat.Difference) {
	t.Helper()
	s := trial.Script
	cpython, ours := chat.Calm(trial.Trace), chat.Calm(r.run(t, s))
	modelCPython, modelOurs, met := chat.Model(s)
	if s.Eager {
		cpython, modelCPython = unheard(cpython), unheard(modelCPython)
		ours, modelOurs = unheard(ours), unheard(modelOurs)
	}
	sameTrace(t, s, "the model of CPython", modelCPython, "CPython", cpython)
	if met == 0 {
		sameTrace(t, s, "CPython", cpython, "here", ours)
	}
	sameTrace(t, s, "the model", modelOurs, "here", ours)
	return met
}

// unheard is a trace without what the peer received.
func unheard(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return line[0] == '<' })
}

// tally counts scripts by the differences that they meet.
type tally struct {
	scripts, same int
	refused       int // by CPython, which are negative counts
	met           map[chat.Difference]int
}

// add checks trials and counts them.
func (n *tally) add(t *testing.T, r *chatRunners, trials []chat.Trial) {
	t.Helper()
	if n.met == nil {
		n.met = map[chat.Difference]int{}
	}
	for _, trial := range trials {
		met := r.check(t, trial)
		if n.scripts++; met == 0 {
			n.same++
		}
		if slices.Contains(trial.Trace, "?") {
			n.refused++
		}
		for d := chat.Difference(1); d <= chat.LosesAtHangUp; d <<= 1 {
			if met&d != 0 {
				n.met[d]++
			}
		}
	}
}

// Scripts that CPython has run at another time.
func TestChatGoldens(t *testing.T) {
	if *chatUpdate {
		trials, err := chat.Ask(chatScripts())
		if err == nil {
			err = chat.WriteGoldens(chatGoldens, trials)
		}
		loadGoldens = sync.OnceValues(readGoldens)
		if err != nil {
			t.Fatal(err)
		}
	}
	var n tally
	n.add(t, newChatRunners(t), goldens(t))
	t.Logf("%d scripts, %d without a difference; with one: %v", n.scripts, n.same, n.met)
	if n.same < n.scripts/2 {
		t.Error("too many meet a difference")
	}
	if n.refused == 0 {
		t.Error("none has a negative count")
	}
	for d := chat.Difference(1); d <= chat.LosesAtHangUp; d <<= 1 {
		if n.met[d] == 0 {
			t.Errorf("none meets %v", d)
		}
	}
}

// loadGoldens reads the goldens once for all tests.
var loadGoldens = sync.OnceValues(readGoldens)

func readGoldens() ([]chat.Trial, error) { return chat.ReadGoldens(chatGoldens) }

func goldens(t *testing.T) []chat.Trial {
	t.Helper()
	trials, err := loadGoldens()
	if err != nil {
		t.Fatal(err)
	}
	if len(trials) < 5_000 {
		t.Fatalf("%d goldens", len(trials))
	}
	return trials
}

// Scripts that CPython runs now, if there is one with asynchat; without it the goldens are all there is.
func TestChatLive(t *testing.T) {
	seed := *chatSeed
	if seed == 0 {
		seed = rand.Uint64()>>1 + 1
	}
	t.Logf("%d scripts: -chat-live %d -chat-seed %d makes them again", *chatLive, *chatLive, seed)
	r, n := newChatRunners(t), tally{}
	for n.scripts < *chatLive {
		var scripts []*chat.Script
		for range min(*chatLive-n.scripts, 2_000) {
			scripts = append(scripts, chat.Generate(seed))
			seed++
		}
		trials, err := chat.Ask(scripts)
		if errors.Is(err, chat.ErrNoOracle) {
			t.Logf("only the goldens are checked: %v", err)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		n.add(t, r, trials)
	}
	t.Logf("%d scripts, %d without a difference; with one: %v", n.scripts, n.same, n.met)
}

// linearScripts are what is quadratic in asynchat: many short lines in one read, and a long terminator.
func linearScripts() []*chat.Script {
	var all []*chat.Script
	for n := 250; n <= 1000; n *= 2 {
		stream := chat.Text(strings.Repeat("ab\n", n))
		all = append(all, &chat.Script{Class: "lines", Count: true, Term: chat.Term{Kind: chat.TermBytes, Lit: chat.Text("\n")},
			Stream: stream, Chunks: []int{len(stream)}})
	}
	for n := 100; n <= 400; n *= 2 {
		lit := chat.Text(strings.Repeat("a", n) + "b")
		all = append(all, &chat.Script{Class: "needle", Count: true, Term: chat.Term{Kind: chat.TermBytes, Lit: lit},
			Stream: chat.Text("x"), Chunks: []int{1}})
	}
	return all
}
