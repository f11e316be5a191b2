//go:build !race

package ringbuf

// raceEnabled is false where nothing speaks against mirrored rings.
const raceEnabled = false
