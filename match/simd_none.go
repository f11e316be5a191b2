//go:build !gc || purego || (!amd64 && !arm64)

package match

// machineTiers returns the tiers that this machine has.
func machineTiers() []tier { return []tier{generic} }
