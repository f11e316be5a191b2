//go:build gc && !purego

package match

// machineTiers returns the tiers that this machine has, the fastest first: every arm64 has NEON.
func machineTiers() []tier { return []tier{neon, generic} }
