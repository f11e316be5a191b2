//go:build linux

package clienttest

import "math/rand/v2"

// Noise returns n bytes that look like anything and are the same every time. They are the caller's.
func Noise(n int) []byte {
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(p) // never fails
	return p
}
