package main

import (
	"bufio"
	"bytes"
)

// golang returns the searches of Go's standard library.
func golang() []contender {
	return []contender{
		{name: "Go bytes.Index", task: first, fits: oneLiteral, prepare: bytesIndex},
		{name: "Go bytes.Index", task: elements, fits: oneLiteral, prepare: bytesIndexLoop},
		{name: "Go bytes.IndexByte", task: elements, fits: oneByte, prepare: bytesIndexByteLoop},
		{name: "Go bytes.IndexByte, CR trimmed", task: elements, fits: eitherLineEnd, prepare: bytesTrimLoop},
		{name: "Go bufio.Scanner", task: elements, fits: anyLineEnd, prepare: scannerLoop},
	}
}

// eitherLineEnd is for those that take both line ends in one text.
func eitherLineEnd(c *searchCase) bool { return !c.single() && anyLineEnd(c) }

func bytesIndex(c *searchCase) (batch, error) {
	p, literal := c.text.bytes, c.literal()
	return timed(func() answer { return place(bytes.Index(p, literal)) }), nil
}

func bytesIndexLoop(c *searchCase) (batch, error) {
	p, literal := c.text.bytes, c.literal()
	return timed(func() answer {
		count, sum, begin := 0, uint64(0), 0
		for {
			i := bytes.Index(p[begin:], literal)
			if i < 0 {
				return pack(count, sum)
			}
			element := p[begin : begin+i]
			count++
			sum += uint64(begin + len(element))
			begin += i + len(literal)
		}
	}), nil
}

func bytesIndexByteLoop(c *searchCase) (batch, error) {
	p, literal := c.text.bytes, c.literal()[0]
	return timed(func() answer {
		count, sum, begin := 0, uint64(0), 0
		for {
			i := bytes.IndexByte(p[begin:], literal)
			if i < 0 {
				return pack(count, sum)
			}
			element := p[begin : begin+i]
			count++
			sum += uint64(begin + len(element))
			begin += i + 1
		}
	}), nil
}

// bytesTrimLoop looks for LF, and drops a CR before it.
func bytesTrimLoop(c *searchCase) (batch, error) {
	p := c.text.bytes
	return timed(func() answer {
		count, sum, begin := 0, uint64(0), 0
		for {
			i := bytes.IndexByte(p[begin:], '\n')
			if i < 0 {
				return pack(count, sum)
			}
			element := p[begin : begin+i]
			if i > 0 && element[i-1] == '\r' {
				element = element[:i-1]
			}
			count++
			sum += uint64(begin + len(element))
			begin += i + 1
		}
	}), nil
}

// scannerLoop hides what stands behind the last line end, which a Scanner would take for a line. Its buffer, of the size
// that a Scanner begins with, is used again.
func scannerLoop(c *searchCase) (batch, error) {
	end := c.literals[len(c.literals)-1].bytes
	p := c.text.bytes
	p = p[:bytes.LastIndexByte(p, '\n')+1]
	r, buffer := bytes.NewReader(nil), make([]byte, 4<<10)
	return timed(func() answer {
		count, sum, at := 0, uint64(0), 0
		r.Reset(p)
		s := bufio.NewScanner(r)
		s.Buffer(buffer, bufio.MaxScanTokenSize)
		for s.Scan() {
			at += len(s.Bytes())
			count++
			sum += uint64(at)
			at += len(end)
		}
		return pack(count, sum)
	}), nil
}
