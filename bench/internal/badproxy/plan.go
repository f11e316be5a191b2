package badproxy

import (
	"math/rand/v2"
)

// Fault is what a proxy does to a connection.
type Fault uint8

// The faults. Those up to Stall change when bytes come and how they are cut, and never which; see Lossy.
const (
	Clean     Fault = iota
	Dribble         // one byte at a time, at the start and at the front of each read
	Cut             // pieces of random lengths
	Stall           // the same, with pauses
	Reset           // after Plan.At bytes both sides get a reset (SO_LINGER of 0)
	HalfClose       // after Plan.At bytes that direction ends in order, and the other goes on
	Swallow         // after Plan.At bytes the rest of that direction is dropped; a while later both sides get a reset
	Faults          // how many there are
)

var names = [Faults]string{"clean", "dribble", "cut", "stall", "reset", "half-close", "swallow"}

// String returns the name of the fault.
func (f Fault) String() string { return names[f] }

// Lossy tells whether bytes may be lost, which then are all those from one on.
func (f Fault) Lossy() bool { return f >= Reset }

// Way is a direction.
type Way uint8

// The directions.
const (
	Up   Way = iota // from the client to the server
	Down            // from the server to the client
)

// Plan is what happens to one connection. The same plan cuts the same stream alike if it is read alike, which the
// kernel decides.
type Plan struct {
	Fault Fault
	Seed  uint64
	At    int64 // lossy faults: after so many bytes
	Way   Way   // lossy faults: of this direction
}

// atMostBits bounds where a lossy fault strikes: below 1<<atMostBits bytes.
const atMostBits = 18

// NewPlan draws the rest of a plan with this fault. Lossy faults strike at places whose magnitude is uniform, so that
// they are amid the first line as often as amid a long body.
func NewPlan(f Fault, r *rand.Rand) Plan {
	return Plan{Fault: f, Seed: r.Uint64(), At: r.Int64N(1 << r.IntN(atMostBits+1)), Way: Way(r.IntN(2))}
}
