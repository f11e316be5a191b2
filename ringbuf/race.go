//go:build race

package ringbuf

// raceEnabled keeps rings on the heap: the race detector sees neither mapped memory nor two aliases of one page.
const raceEnabled = true
