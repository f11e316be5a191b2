package main

import (
	"fmt"
	"strings"
)

// task is what is done with a text, and what the answer to it is.
type task int

const (
	load     task = iota // load every byte; the answer is their number
	first                // find the first match; the answer is its place, or the answer absent
	elements             // cut the text into elements and look at each of them; the answer is that of pack
	stream               // the same, fed in pieces; what is held back in the end counts as well, see expected
)

// unit is what the time of one operation is divided by.
type unit int

const (
	gigabytes unit = iota // gigabytes a second
	perByte               // nanoseconds a byte
	perLine               // nanoseconds a line
	perText               // nanoseconds for the whole text
)

func (u unit) String() string { return [...]string{"GB/s", "ns/byte", "ns/line", "ns"}[u] }

// text is bytes in the memory that all contenders share, and where they are in it.
type text struct {
	bytes  []byte
	offset int
}

// searchCase is a text and what to find in it.
type searchCase struct {
	name     string // group/what/how
	literals []text // one, or several of which any ends an element
	text     text
	tasks    []task
	pieces   []int // the lengths of the pieces of a stream; whole is all at once
	unit     unit
	x        float64         // where it is in the plot of its group, if it is
	twin     *searchCase     // the same with the first literal at the text's end, where everyone has to find it; or nil
	answers  map[task]answer // what expected has found so far
}

// whole is the length of a piece that is longer than every text.
const whole = 1 << 30

// group is the first part of the name: the cases of a group share a table.
func (c *searchCase) group() string {
	group, _, _ := strings.Cut(c.name, "/")
	return group
}

// literal is what contenders get that know one literal only.
func (c *searchCase) literal() []byte { return c.literals[0].bytes }

// single reports whether there is one literal only.
func (c *searchCase) single() bool { return len(c.literals) == 1 }

// figure turns the nanoseconds of one operation into the unit of the case.
func (c *searchCase) figure(ns float64) float64 {
	switch c.unit {
	case gigabytes:
		return float64(len(c.text.bytes)) / ns
	case perByte:
		return ns / float64(len(c.text.bytes))
	case perLine:
		lines, _ := unpack(c.expected(elements))
		return ns / float64(lines)
	}
	return ns
}

// sizeName writes a size in bytes for a name: 64B, 4KiB, 1MiB.
func sizeName(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%dMiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return fmt.Sprintf("%dB", n)
}

// twinOf returns a copy of a text that ends with the literal, or nil if it is too short for one.
func twinOf(text, literal []byte) []byte {
	if len(literal) > len(text) {
		return nil
	}
	twin := append([]byte(nil), text...)
	copy(twin[len(twin)-len(literal):], literal)
	return twin
}
