package main

import "bytes"

// channel is told what an asynchat channel is told.
type channel interface {
	collectIncomingData(p []byte)
	foundTerminator()
}

// asynchat is the loop of async_chat.handle_read in CPython 3.11, for a terminator of bytes. It differs in one thing, to
// its favour: what was consumed is cut off by moving the beginning of a slice, where Python copies what remains.
type asynchat struct {
	channel    channel
	terminator []byte
	in         []byte // ac_in_buffer: what is held back
	buffer     []byte // where in lies
}

// handleRead handles the bytes of one read.
func (a *asynchat) handleRead(p []byte) {
	a.buffer = append(append(a.buffer[:0], a.in...), p...)
	a.in = a.buffer
	for len(a.in) > 0 {
		if i := bytes.Index(a.in, a.terminator); i >= 0 {
			if i > 0 {
				a.channel.collectIncomingData(a.in[:i])
			}
			a.in = a.in[i+len(a.terminator):]
			a.channel.foundTerminator()
			continue
		}
		held := findPrefixAtEnd(a.in, a.terminator)
		if data := a.in[:len(a.in)-held]; len(data) > 0 {
			a.channel.collectIncomingData(data)
		}
		a.in = a.in[len(a.in)-held:]
		return
	}
}

// findPrefixAtEnd returns how much of the needle's beginning the haystack ends with, less than all of it.
func findPrefixAtEnd(haystack, needle []byte) int {
	n := len(needle) - 1
	for n > 0 && !bytes.HasSuffix(haystack, needle[:n]) {
		n--
	}
	return n
}

// tally is a channel that answers as pack has it.
type tally struct {
	count, at int
	sum       uint64
	size      int // of the terminator
}

func (t *tally) collectIncomingData(p []byte) { t.at += len(p) }

func (t *tally) foundTerminator() {
	t.count++
	t.sum += uint64(t.at)
	t.at += t.size
}

// asynchats returns asynchat, fed in every way.
func asynchats() []contender {
	all := []contender{{
		name: "asynchat in Go", task: elements, fits: shortLiteral,
		prepare: func(c *searchCase) (batch, error) { return asynchatStream(c, whole, false) },
	}}
	for _, piece := range []int{whole, 64, 7, 1} {
		all = append(all, contender{
			name: "asynchat in Go" + fed(piece), task: stream, piece: piece, fits: shortLiteral,
			prepare: func(c *searchCase) (batch, error) { return asynchatStream(c, piece, true) },
		})
	}
	return all
}

// asynchatStream feeds the text in pieces; what is held back in the end counts if it is to.
func asynchatStream(c *searchCase, piece int, countHeld bool) (batch, error) {
	text := c.text.bytes
	t := &tally{size: len(c.literal())}
	a := &asynchat{channel: t, terminator: c.literal()}
	return timed(func() answer {
		*t = tally{size: t.size}
		a.in = nil
		for at := 0; at < len(text); at += piece {
			a.handleRead(text[at:min(at+piece, len(text))])
		}
		if countHeld {
			t.sum += uint64(len(a.in))
		}
		return pack(t.count, t.sum)
	}), nil
}
