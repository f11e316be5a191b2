package match

// Limits of misfires: blocks of a scan that had to be looked at closely for nothing. They are few, so that even a search
// of a few KiB finds its gear.
const (
	rareFrom    = 2048 // places from which on the scan begins with one byte; below, two cost no more
	rareCredit  = 3    // misfires of the first gear in one search, and one more for each rareSpan places
	rareSpan    = 4096
	pairCredit  = 6 // and of the second
	pairSpan    = 2048
	learnFalse  = 16  // false candidates of one search after which it learns
	learnSample = 128 // bytes of the text that it learns from
)

// gear is how one search scans for its literal: first for one byte, which costs one load for each vector; when that
// misfires, for a pair, which costs two; when that misfires too, for the pair whose bytes the text has least of. A
// literal whose pair cannot be chosen stays with the second gear.
type gear struct {
	rarely  bool // the first gear
	learned bool // there is nothing more to learn for this search
	choice  uint8
	credit  int
	falses  int // false candidates so far
}

// newGear returns the gear for the first of n places.
func (l *literal) newGear(n int) gear {
	g := gear{choice: uint8(l.choice.Load()), learned: len(l.choices) == 1}
	g.rarely = n >= rareFrom
	g.refill(n)
	return g
}

// refill sets the credit for n places.
func (g *gear) refill(n int) {
	switch {
	case g.rarely:
		g.credit = rareCredit + n/rareSpan
	case g.learned:
		g.credit = noLimit
	default:
		g.credit = pairCredit + n/pairSpan
	}
}

// shift goes to the next gear, p being what is still to be searched.
func (g *gear) shift(l *literal, p []byte, w *meter) {
	if g.rarely {
		g.rarely = false
	} else {
		g.learn(l, p, w)
	}
	g.refill(len(p))
}

// miss enters a false candidate.
func (g *gear) miss(l *literal, p []byte, w *meter) {
	if g.falses++; g.falses == learnFalse && !g.learned {
		g.learn(l, p, w)
		g.refill(len(p))
	}
}

// learn counts the bytes of the beginning of p and takes the pair that it has least of. O(learnSample).
func (g *gear) learn(l *literal, p []byte, w *meter) {
	g.learned = true
	if len(p) < learnSample {
		return
	}
	var count [256]uint8
	for _, c := range p[:learnSample] {
		count[c]++
	}
	w.steps += learnSample
	least := 0
	for i := range l.choices {
		b := &l.choices[i].bytes
		// What one byte of the pair lacks, the other need not.
		n := min(int(count[b[0]]), int(count[b[1]]))*learnSample + int(count[b[0]]) + int(count[b[1]])
		if i == 0 || n < least {
			least, g.choice = n, uint8(i)
		}
	}
	if l.choice.Load() != uint32(g.choice) {
		l.choice.Store(uint32(g.choice))
	}
}
