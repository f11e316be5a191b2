package match

// The kernels are the inner loops of every search. Each has the same contract on every tier:
//
//	scanRare, scanPair, scanFull
//	                    the first place at which the samples of a literal stand
//	all32, all64        every place at which they stand, as entries of 32 or 64 bits
//	scanSet, allSet     the same for the bytes of a set
//	commonPrefix        how many first bytes two slices have in common
//
// The comments in kernels_amd64.go have the contracts and the worst cases; generic.go has them in Go. Assembly cannot be
// preempted, so no call gets more than maxCall places.

const (
	maxCall  = 64 << 10 // places in one call of a kernel
	minPlace = 16       // places, or bytes, below which a kernel is not called, but for amd64's scans
	roundLen = 64       // places of one round of a find-all kernel, which needs room for as many entries
	noLimit  = 1 << 30  // a credit that no call uses up
)
