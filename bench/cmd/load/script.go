package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// window is how many bytes one read or write can take.
const window = 256 << 10

// script is what a connection sends, without an end: a text that repeats. It is made once and written from where it
// is, by all connections, so that a message costs no copy.
//
// Invariant: text has a period of period bytes, and period+window bytes, so that whatever one read or write takes is
// one slice, wherever within a period it begins. Nothing changes after newScript.
type script struct {
	text   []byte
	period int
	size   int // bytes of a message
	stride int // bytes from where one connection begins to where the next does
}

// newScript makes a script that repeats one period.
func newScript(period []byte, size, stride int) *script {
	text := make([]byte, len(period)+window)
	for n := 0; n < len(text); {
		n += copy(text[n:], period)
	}
	return &script{text, len(period), size, stride}
}

// begin is where connection i begins. No two neighbours begin alike, if they can: what is delivered to the wrong
// connection is then wrong there.
func (s *script) begin(i int) int { return i * s.stride % s.period }

// after returns where a connection is n bytes after at, n being at most a window.
func (s *script) after(at, n int) int {
	if at += n; at >= s.period {
		at %= s.period
	}
	return at
}

// A period of bytes is a prime near 64 KiB: bytes that are lost or repeated leave the rest out of step unless their
// number is a multiple of it, and buffers have no such sizes. Text and replies together fit into a processor's cache.
const (
	bytePeriod = 65521
	byteStride = 4099
)

// byteScript makes a script of random bytes.
func byteScript(size int) *script {
	period := make([]byte, bytePeriod)
	random := rand.NewChaCha8([32]byte{}) // the same in every run
	_, _ = random.Read(period)            // never fails
	return newScript(period, size, byteStride)
}

// lineCount is how many lines there are before the first comes again: a prime, as servers work in powers of two.
const lineCount = 251

// printable is what lines are made of. Two of them number a line.
const printable = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz -,;!"

// lineScript makes a script of numbered lines of size bytes, their CR LF included.
func lineScript(size int) *script {
	random := rand.New(rand.NewPCG(1, 2)) // the same in every run
	period := make([]byte, 0, lineCount*size)
	for i := range lineCount {
		period = append(period, printable[i/len(printable)], printable[i%len(printable)])
		for range size - 4 {
			period = append(period, printable[random.IntN(len(printable))])
		}
		period = append(period, "\r\n"...)
	}
	return newScript(period, size, size)
}

// echoes checks the replies of servers that send back what they get: the stream of replies has to be the script again,
// from where the connection began. Every byte is compared with the one that belongs there, a whole read at a time.
type echoes struct{ *script }

// check implements checker.
func (e echoes) check(c *conn, p []byte) error {
	want := e.text[c.toCome : c.toCome+len(p)]
	end := c.received + int64(len(p))
	if end > c.sent || !bytes.Equal(p, want) {
		return e.fault(c, p, want)
	}
	c.toCome = e.after(c.toCome, len(p))
	c.answered = end / int64(e.size)
	return nil
}

// fault tells what is wrong with p.
func (e echoes) fault(c *conn, p, want []byte) error {
	i := mismatch(p, want)
	at := c.received + int64(i)
	if at >= c.sent {
		return fmt.Errorf("at least %d bytes of replies after %d bytes were sent", c.received+int64(len(p)), c.sent)
	}
	return fmt.Errorf("byte %d of the replies, in message %d, is %#02x instead of %#02x",
		at, at/int64(e.size), p[i], want[i])
}

// mismatch returns where two slices of the same length differ first.
func mismatch(p, q []byte) int {
	for i := range p {
		if p[i] != q[i] {
			return i
		}
	}
	return len(p)
}
