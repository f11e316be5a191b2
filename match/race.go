//go:build race

package match

import (
	"runtime"
	"unsafe"
)

// raceRead tells the race detector that p is read, which it cannot see in assembly.
func raceRead(p []byte) {
	if len(p) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(&p[0]), len(p))
	}
}
