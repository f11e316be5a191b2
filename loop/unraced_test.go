//go:build !race

package loop

// endlessDefault is how much TestScenario32Endless sends, in MiB.
const endlessDefault = 1 << 10

// simDefault is how many runs TestSimulation plays.
const simDefault = 200
