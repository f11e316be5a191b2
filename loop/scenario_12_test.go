//go:build linux

package loop

import (
	"crypto/sha256"
	"math/rand/v2"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/producer"
)

// Scenario 12: three pushes of megabytes and what goes between them leave through a socket that takes any number of
// the bytes that it is offered, or none. Each byte arrives once, in its place.
func TestScenario12RandomAccepts(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 12))
		l := newSeamLoop(t, Options{HighWater: 32 << 20}, func(calls *sys.Calls) { takesSome(calls, rng) })
		c, fd := bareTCPPair(t, l, &hooks{}, nil)
		big := make([]byte, 2<<20)
		for i := range big {
			big[i] = byte(rng.Uint32())
		}
		sent, done := sha256.New(), 0
		push := func(p []byte) { sent.Write(p); _ = c.Push(p) }
		chunked := func(p []byte) {
			sent.Write(p)
			chunks, err := producer.Bytes(p, 777)
			if err != nil {
				t.Error(err)
			}
			_ = c.PushProducer(chunks)
		}
		c.Post(func(c *Conn) {
			push(big[:100]) // staged: before what is queued, or what is too large to be staged
			switch seed % 3 {
			case 0:
				chunked(big[:50_000])
			case 1:
				push(big[:100_000])
			}
			for i := range 3 {
				small := big[i*5000 : (i+1)*5000+1]
				sent.Write(small)
				_ = c.PushOwned(small, func([]byte) { done++ })
				push(big[i : len(big)-i])
				push(big[:i+1])
				chunked(big[:100_000])
			}
			c.CloseWhenDone()
		})
		received := sha256.New()
		var got []byte
		open, n := true, 0
		poll(t, l, func() bool {
			got, open = hear(fd, got[:0])
			received.Write(got)
			n += len(got)
			return !open
		})
		if string(received.Sum(nil)) != string(sent.Sum(nil)) || done != 3 {
			t.Fatalf("seed %d: %d bytes came, not those that were sent; done was called %d times", seed, n, done)
		}
		if err := unix.Shutdown(fd, unix.SHUT_WR); err != nil {
			t.Fatal(err)
		}
		poll(t, l, func() bool { return l.Len() == 0 })
	}
}

// takesSome makes sockets take a random part of what they are offered, and now and then nothing.
func takesSome(calls *sys.Calls, rng *rand.Rand) {
	real := calls.Output
	calls.Output.Write = func(fd int, p []byte) (int, syscall.Errno) {
		if rng.IntN(8) == 0 {
			return -1, unix.EAGAIN // as the raw call has it
		}
		return real.Write(fd, p[:1+rng.IntN(len(p))])
	}
	calls.Output.Writev = func(fd int, iov []unix.Iovec) (int, syscall.Errno) {
		if rng.IntN(8) == 0 {
			return -1, unix.EAGAIN
		}
		part := append([]unix.Iovec(nil), iov[:1+rng.IntN(len(iov))]...)
		last := &part[len(part)-1]
		last.SetLen(1 + rng.IntN(int(last.Len)))
		return real.Writev(fd, part)
	}
}
