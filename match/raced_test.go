//go:build race

package match

// thoroughness is at how many alignments TestKernels tries each length: fewer where every byte is reported to the race
// detector.
const thoroughness = 2
