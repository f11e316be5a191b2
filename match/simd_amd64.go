//go:build gc && !purego

package match

import "github.com/klauspost/cpuid/v2"

// machineTiers returns the tiers that this machine has, the fastest first.
func machineTiers() []tier {
	has := cpuid.CPU.Supports
	switch {
	case has(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512VBMI2, cpuid.AVX2, cpuid.BMI1, cpuid.BMI2, cpuid.POPCNT):
		return []tier{avx512, avx2, sse2, generic}
	case has(cpuid.AVX2, cpuid.BMI1, cpuid.BMI2, cpuid.POPCNT):
		return []tier{avx2, sse2, generic}
	}
	return []tier{sse2, generic}
}
