// Command asm writes the amd64 kernels of package match, in Go assembly, with their stubs. Run it by make generate.
//
// Each kernel is described once and written for each tier: scan.go, all.go, set.go and same.go have the pseudocode, the
// bounds and the instructions; vector.go has what SSE2 and AVX2 do under different names. The AVX-512 kernels, whose
// compares yield masks, are described beside them, in the files that end in 512.go.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("gc,!purego")
	for _, v := range []vector{sse2, avx2} {
		for _, g := range gears {
			scan(v, g)
		}
		scanSet(v)
		all(v, false)
		all(v, true)
		allSet(v)
		same(v)
	}
	for _, g := range gears {
		scan512(g)
	}
	scanSet512()
	numbers = numbers512()
	all512(false)
	all512(true)
	allSet512()
	Generate()
}
