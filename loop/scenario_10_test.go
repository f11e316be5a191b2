//go:build linux

package loop

import (
	"bytes"
	"math/rand/v2"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/match"
)

// Scenario 10: a read that gives less than was asked for does not mean that nothing is left. Reads are cut short at
// random while all that will ever come is there already: what is left is read without a further event of the peer.
func TestScenario10ShortReads(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 10))
		l := newSeamLoop(t, Options{}, func(calls *sys.Calls) {
			read := calls.Read
			calls.Read = func(fd int, p []byte) (int, syscall.Errno) {
				return read(fd, p[:min(len(p), 1+rng.IntN(1<<rng.IntN(11)))])
			}
		})
		var got []byte
		ended := false
		h := &halfCloser{hooks{receive: func(_ *Conn, data []byte, found bool) error {
			got = append(got, data...)
			if found {
				got = append(got, '\n')
			}
			return nil
		}}}
		h.readClosed = func(c *Conn) error { ended = true; c.Close(); return nil }
		delivery := []Delivery{Whole, Pieces}[seed%2]
		_, fd := barePair(t, l, h, func(c *Conn) { c.SetTerminator(match.LF); c.SetDelivery(delivery) })
		sent := randomLines(rng, 20<<10)
		say(t, fd, string(sent))
		poll(t, l, func() bool { return len(got) >= len(sent) })
		if ended || !bytes.Equal(got, sent) {
			t.Fatalf("seed %d: %d bytes came of %d, ended %t", seed, len(got), len(sent), ended)
		}
		if err := unix.Shutdown(fd, unix.SHUT_WR); err != nil {
			t.Fatal(err)
		}
		poll(t, l, func() bool { return ended })
	}
}

// randomLines is at least n bytes of lines of many lengths.
func randomLines(rng *rand.Rand, n int) (p []byte) {
	for len(p) < n {
		for range rng.IntN(1 << rng.IntN(10)) {
			p = append(p, byte('a'+rng.IntN(26)))
		}
		p = append(p, '\n')
	}
	return p
}
