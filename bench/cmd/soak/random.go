//go:build linux

package main

import (
	"math/rand/v2"
)

// binary and letters are what contents are slices of: to make new ones for each message would cost more than to send
// them.
var binary, letters = func() ([]byte, []byte) {
	b := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{'s', 'o', 'a', 'k'}).Read(b) // never an error
	l := make([]byte, 1<<16)
	for i := range l {
		l[i] = 'a' + b[i]%26
	}
	return b, l
}()

// slice returns n bytes of from, which begin anywhere.
func slice(r *rand.Rand, from []byte, n int) []byte { return from[r.IntN(len(from)-n+1):][:n] }

// magnitude returns a number from 0 up to most, short ones as often as long ones.
func magnitude(r *rand.Rand, most int) int {
	n := most
	for range r.IntN(12) {
		n /= 3
	}
	return r.IntN(n + 1)
}
