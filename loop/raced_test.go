//go:build race

package loop

// endlessDefault is how much TestScenario32Endless sends, in MiB: less where every byte is reported to the race detector.
const endlessDefault = 128

// simDefault is how many runs TestSimulation plays.
const simDefault = 15
