package main

import "github.com/millrace-net/millrace/bench/internal/stats"

// row is what was measured of one contender in one cell.
//
// Invariant: of each round there is a turn or nil, and a first error if any is nil.
type row struct {
	contender contender
	turns     []*turn
	err       error
	calls     string // system calls a message
}

// result is one cell.
type result struct {
	cell
	rows []row
}

func newResult(c cell, field []contender) result {
	r := result{cell: c}
	for _, who := range field {
		if who.serves(c.mode) {
			r.rows = append(r.rows, row{contender: who})
		}
	}
	return r
}

// add enters a round.
func (r *row) add(t *turn, err error) {
	if err != nil {
		t = nil
		if r.err == nil {
			r.err = err
		}
	}
	r.turns = append(r.turns, t)
}

// each returns a figure of every round that succeeded in r and in to, and the same of to.
func (r *row) each(to *row, figure func(*turn) float64) (values, others []float64) {
	for i, t := range r.turns {
		if t != nil && to.turns[i] != nil {
			values, others = append(values, figure(t)), append(others, figure(to.turns[i]))
		}
	}
	return values, others
}

// costs is what counts, of every round.
func (r *result) costs(row *row) []float64 {
	values, _ := row.each(row, func(t *turn) float64 { return t.cost(r.cell) })
	return values
}

// reference returns the row of the reference, or nil.
func (r *result) reference() *row {
	for i := range r.rows {
		if r.rows[i].contender.name == reference {
			return &r.rows[i]
		}
	}
	return nil
}

// ratios returns the ratios of what counts to that of the reference, of paired rounds, and the ratio of the two minima.
func (r *result) ratios(row *row) (paired []float64, ofMinima float64) {
	to := r.reference()
	if to == nil {
		return nil, 0
	}
	values, others := row.each(to, func(t *turn) float64 { return t.cost(r.cell) })
	if len(values) == 0 {
		return nil, 0
	}
	return stats.Ratios(values, others), stats.Summarize(values).Min / stats.Summarize(others).Min
}
