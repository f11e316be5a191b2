//go:build race && gc && !purego && (amd64 || arm64)

package match

import (
	"runtime"
	"slices"
	"unsafe"
)

// raceRead tells the race detector that p is read, which it cannot see in assembly.
func raceRead(p []byte) {
	if len(p) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(&p[0]), len(p))
	}
}

// raceSamples tells it that the samples s are read at the n first places of p.
func raceSamples(p []byte, n int, s *samples) {
	if n > 0 {
		raceRead(p[:n+int(slices.Max(s.offs[:]))])
	}
}
