package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// plan is how a case is measured.
type plan struct {
	rounds int
	batch  time.Duration // of one contender in one round
}

// row is what one contender did in one case.
type row struct {
	contender  *contender
	iterations int
	rounds     []float64 // nanoseconds an operation
}

// runner is a row, and what it takes to measure it.
type runner struct {
	row
	batch batch
	want  answer
}

// measure has everyone prove on the twin that they can find something, and then lets them take turns. Each round begins
// with another one, so that nobody always runs behind the same neighbour.
func (p plan) measure(c *searchCase, entrants []*contender) ([]row, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.GC()
	runners := make([]*runner, len(entrants))
	for i, k := range entrants {
		r, err := p.enter(c, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", c.name, k.name, err)
		}
		runners[i] = r
	}
	for round := range p.rounds {
		for i := range runners {
			r := runners[(round+i)%len(runners)]
			if err := r.round(); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", c.name, r.contender.name, err)
			}
		}
	}
	rows := make([]row, len(runners))
	for i, r := range runners {
		rows[i] = r.row
	}
	return rows, nil
}

// enter makes a runner of a contender.
func (p plan) enter(c *searchCase, k *contender) (*runner, error) {
	if c.twin != nil {
		twin, err := newRunner(c.twin, k)
		if err != nil {
			return nil, err
		}
		if _, err := twin.run(1); err != nil {
			return nil, fmt.Errorf("with the literal at the end: %w", err)
		}
	}
	r, err := newRunner(c, k)
	if err != nil {
		return nil, err
	}
	return r, r.calibrate(p.batch)
}

func newRunner(c *searchCase, k *contender) (*runner, error) {
	run, err := k.prepare(c)
	if err != nil {
		return nil, err
	}
	return &runner{row: row{contender: k}, batch: run, want: c.expected(k.task)}, nil
}

// run runs one batch and checks its answer.
func (r *runner) run(iterations int) (time.Duration, error) {
	elapsed, found, err := r.batch(iterations)
	if err == nil && found != r.want {
		err = fmt.Errorf("found %#x, expected %#x", found, r.want)
	}
	return elapsed, err
}

// calibrate finds how many iterations take as long as a batch should, at least one.
func (r *runner) calibrate(want time.Duration) error {
	for n := 1; ; {
		elapsed, err := r.run(n)
		if err != nil {
			return err
		}
		elapsed = max(elapsed, 1)
		fit := max(1, int(float64(n)*float64(want)/float64(elapsed)))
		if elapsed >= want/4 {
			r.iterations = fit
			return nil
		}
		n = min(max(fit, 2*n), 100*n) // a first batch says little: what it runs on is cold
	}
}

// round runs the batch of one round.
func (r *runner) round() error {
	elapsed, err := r.run(r.iterations)
	r.rounds = append(r.rounds, float64(elapsed)/float64(r.iterations))
	return err
}
