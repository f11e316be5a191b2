package match

import (
	"fmt"
	"os"
	"sync/atomic"
)

// tier is an instruction set that the kernels are written for.
type tier uint32

// The tiers, of which a machine has some. generic is plain Go and always there.
const (
	generic tier = iota
	sse2         // amd64's baseline
	avx2         // with BMI1, BMI2 and POPCNT
	avx512       // F, BW, VL, VBMI2, and what avx2 asks for
	neon         // arm64's baseline
)

var tierNames = [...]string{generic: "generic", sse2: "sse2", avx2: "avx2", avx512: "avx512", neon: "neon"}

// active is the tier in force.
var active atomic.Uint32

// simdEnv names the environment variable that chooses the tier when the program starts.
const simdEnv = "MILLRACE_SIMD"

// init chooses the best tier of the machine, or the one that the environment names. A name that is not among
// SIMDTiers is ignored, since a library must not end its program for it.
func init() {
	active.Store(uint32(machineTiers()[0]))
	if name := os.Getenv(simdEnv); name != "" {
		_ = SetSIMD(name)
	}
}

// inForce returns the tier in force.
func inForce() tier { return tier(active.Load()) }

// SIMD returns the name of the instruction set that searches use: avx512, avx2, sse2, neon, or generic, which is plain
// Go. It is chosen once, when the program starts: the best that the machine has, or the one that the environment
// variable MILLRACE_SIMD names. Any goroutine may call it.
func SIMD() string { return tierNames[inForce()] }

// SIMDTiers returns the names that SetSIMD takes on this machine, the fastest first and generic last. The slice is the
// caller's.
func SIMDTiers() []string {
	var names []string
	for _, t := range machineTiers() {
		names = append(names, tierNames[t])
	}
	return names
}

// SetSIMD makes all searches that begin from now on use the instruction set of that name, whatever was compiled
// before. It is there for tests and benchmarks, which compare tiers in one process; results are the same on every tier.
// The error says which names there are; nothing has changed then. Any goroutine may call it at any time.
func SetSIMD(name string) error {
	for _, t := range machineTiers() {
		if tierNames[t] == name {
			active.Store(uint32(t))
			return nil
		}
	}
	return fmt.Errorf("match: no SIMD tier %q on this machine, which has %v", name, SIMDTiers())
}
