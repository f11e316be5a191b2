package main

import "bytes"

// answer is what a contender found; see task.
type answer uint64

// absent is the place of a match that there is not.
const absent = ^answer(0)

// place is the answer for an index as Go's searches return it.
func place(index int) answer { return answer(int64(index)) }

// pack is the answer for elements: their number, and the sum of the places in the text where their contents end.
func pack(count int, sum uint64) answer { return answer(uint64(count)<<40 | sum) }

// unpack undoes pack.
func unpack(a answer) (count int, sum uint64) { return int(a >> 40), uint64(a & (1<<40 - 1)) }

// expected returns the right answer to a task.
func (c *searchCase) expected(t task) answer {
	a, known := c.answers[t]
	if !known {
		a = c.find(t)
		c.answers[t] = a
	}
	return a
}

// find is expected, as plain as can be; it takes its time.
func (c *searchCase) find(t task) answer {
	switch t {
	case load:
		return answer(len(c.text.bytes))
	case first:
		return place(bytes.Index(c.text.bytes, c.literal()))
	}
	count, sum, rest := 0, uint64(0), 0
	for {
		content, size := c.firstElement(c.text.bytes[rest:])
		if size == 0 {
			break
		}
		count++
		sum += uint64(rest + content)
		rest += content + size
	}
	if t == stream {
		sum += uint64(c.held(c.text.bytes[rest:]))
	}
	return pack(count, sum)
}

// firstElement returns the lengths of the first element's contents and of its terminator, which is 0 if there is none:
// the one that ends first, and of those that end together the longest.
func (c *searchCase) firstElement(p []byte) (content, size int) {
	end := len(p) + 1
	for _, l := range c.literals {
		i := bytes.Index(p, l.bytes)
		if i < 0 {
			continue
		}
		if e := i + len(l.bytes); e < end || e == end && len(l.bytes) > size {
			end, size = e, len(l.bytes)
		}
	}
	return end - size, size
}

// held returns how long the longest beginning of a literal is that p ends with.
func (c *searchCase) held(p []byte) int {
	held := 0
	for _, l := range c.literals {
		for n := min(len(l.bytes)-1, len(p)); n > held; n-- {
			if bytes.HasSuffix(p, l.bytes[:n]) {
				held = n
			}
		}
	}
	return held
}
