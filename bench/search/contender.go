package main

import (
	"errors"
	"slices"
	"time"
)

// contender is one way to do one task.
type contender struct {
	name  string
	task  task
	piece int // of a stream: the length of the pieces that it is fed
	fits  func(c *searchCase) bool
	// prepare does what comes before the search, as compiling the literal; no clock runs meanwhile.
	prepare func(c *searchCase) (batch, error)
}

// batch does the task so many times, and returns how long that took and the answer, the same each time.
type batch func(iterations int) (time.Duration, answer, error)

// errUnsteady says that a search, done again, found something else.
var errUnsteady = errors.New("two iterations, two answers")

// enters reports whether the contender takes part in a case.
func (k *contender) enters(c *searchCase) bool {
	return slices.Contains(c.tasks, k.task) && (k.task != stream || slices.Contains(c.pieces, k.piece)) && k.fits(c)
}

// timed makes a batch of a search in Go. It is called by its pointer, as those of the native programs are.
func timed(search func() answer) batch {
	return func(iterations int) (time.Duration, answer, error) {
		found, differ := search(), answer(0)
		begin := time.Now()
		for range iterations {
			differ |= search() ^ found
		}
		elapsed := time.Since(begin)
		if differ != 0 {
			return 0, 0, errUnsteady
		}
		return elapsed, found, nil
	}
}

// Which cases a contender can do.

func always(*searchCase) bool { return true }

func oneLiteral(c *searchCase) bool { return c.single() }

func oneByte(c *searchCase) bool { return c.single() && len(c.literal()) == 1 }

// shortLiteral is for those that compare a candidate byte by byte, and would be quadratic with a long one.
func shortLiteral(c *searchCase) bool { return c.single() && len(c.literal()) <= 4 }

// anyLineEnd is for those that take an LF with or without a CR before it.
func anyLineEnd(c *searchCase) bool {
	for i := range c.literals {
		if l := string(c.literals[i].bytes); l != "\n" && l != "\r\n" {
			return false
		}
	}
	return true
}
