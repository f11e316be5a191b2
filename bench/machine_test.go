package bench

import (
	"flag"
	"fmt"
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// describeMachine prints, above benchmark results, what of the processor they depend on, as configuration lines in
// Go's benchmark format, which benchstat keeps.
func describeMachine() {
	flag.Parse()
	if f := flag.Lookup("test.bench"); f == nil || f.Value.String() == "" {
		return
	}
	var vectors []string
	for _, id := range []cpuid.FeatureID{cpuid.SSE2, cpuid.AVX2, cpuid.AVX512BW, cpuid.AVX512VBMI2, cpuid.ASIMD} {
		if cpuid.CPU.Has(id) {
			vectors = append(vectors, strings.ToLower(id.String()))
		}
	}
	fmt.Printf("vectors: %s\n", strings.Join(vectors, " "))
	fmt.Printf("caches: L1d %d KiB, L2 %d KiB\n", cpuid.CPU.Cache.L1D>>10, cpuid.CPU.Cache.L2>>10)
}
