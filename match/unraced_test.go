//go:build !race

package match

// thoroughness is at how many alignments TestKernels tries each length.
const thoroughness = 64
