//go:build race

package sys

import (
	"runtime"
	"unsafe"
)

// raceWrite tells the race detector what the kernel wrote.
func raceWrite(p []byte) {
	if len(p) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&p[0]), len(p))
	}
}
