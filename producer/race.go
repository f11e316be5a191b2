//go:build linux && race

package producer

import (
	"runtime"
	"unsafe"
)

// raceRead tells the race detector that the kernel is about to read p, which it cannot see for itself.
func raceRead(p []byte) {
	runtime.RaceReadRange(unsafe.Pointer(unsafe.SliceData(p)), len(p))
}
