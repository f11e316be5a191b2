package match

// Limits of misfires: blocks of a scan that had to be looked at closely for nothing. They are few, so that even a search
// of a few KiB finds its gear.
const (
	rareFrom    = 1024 // places from which on the scan begins with one byte; below, two cost no more
	rareCredit  = 3    // misfires of the first gear in one search, and one more for each rareSpan places
	rareSpan    = 4096
	pairCredit  = 6 // misfires of the second gear
	pairSpan    = 512
	rest        = 32  // searches for which a lesson holds
	learnFalse  = 16  // false candidates of one search after which it learns
	learnSample = 128 // bytes of the text that it learns from
)

// gear is how one search scans for its literal: first for one byte, which costs one load for each vector; when that
// misfires, for a pair, which costs two; when that misfires too, for the pair whose bytes the text has least of; and at
// last for all samples, which costs four, and is not misled by anything but a candidate.
type gear struct {
	rarely  bool // the first gear
	full    bool // the last gear
	learned bool // there is nothing more to learn for this search
	choice  int
	credit  int
	falses  int // false candidates so far
}

// lesson is what the traffic has taught of a literal, in one word: the choice of its samples, how many more searches of
// rareFrom places and more begin with the second gear or the last one, and how many more may misfire before one learns
// again. Searches that run at once may overwrite each other's: no answer depends on it, only how soon it comes.
type lesson struct{ choice, pairs, full, learnt uint8 }

// recall returns the lesson of l, and record makes x that.
func (l *literal) recall() lesson {
	v := l.lesson.Load()
	return lesson{uint8(v), uint8(v >> 8), uint8(v >> 16), uint8(v >> 24)}
}

func (l *literal) record(x lesson) {
	l.lesson.Store(uint32(x.choice) | uint32(x.pairs)<<8 | uint32(x.full)<<16 | uint32(x.learnt)<<24)
}

// calm reports whether the next search begins with the first samples, and, of rareFrom places and more, with the first gear.
func (l *literal) calm() bool { return l.lesson.Load()&^(0xff<<24) == 0 }

// engage sets g, which is new, to the gear for the first of n places.
func (g *gear) engage(l *literal, n int) {
	x := l.recall()
	g.choice, g.learned = int(x.choice), len(l.choices) == 1
	switch {
	case n < rareFrom:
	case x.full > 0:
		g.full = true
		x.full--
		l.record(x)
	case x.pairs > 0:
		x.pairs--
		l.record(x)
	default:
		g.rarely = true
	}
	g.refill(n)
}

// scan returns what the kernel of the gear does for the first places of p, at most maxCall.
func (g *gear) scan(l *literal, p []byte, places int) (at, left int) {
	s := &l.choices[g.choice]
	switch {
	case g.rarely:
		return scanRare(p, places, s, g.credit)
	case g.full:
		return scanFull(p, places, s, g.credit)
	}
	return scanPair(p, places, s, g.credit)
}

// refill sets the credit for n places.
func (g *gear) refill(n int) {
	switch {
	case g.rarely:
		g.credit = rareCredit + n/rareSpan
	case g.full:
		g.credit = noLimit
	default:
		g.credit = pairCredit + n/pairSpan
	}
}

// shift goes to the next gear, p being what is still to be searched.
func (g *gear) shift(l *literal, p []byte, w *meter) {
	choice := g.choice
	if !g.rarely && !g.learned {
		g.learn(l, p, w)
	}
	x := l.recall()
	switch {
	case g.rarely:
		g.rarely = false
		x.pairs = rest
	case g.choice == choice:
		g.full = true
		x.full = rest
	}
	l.record(x)
	g.refill(len(p))
}

// miss enters a false candidate.
func (g *gear) miss(l *literal, p []byte, w *meter) {
	if g.falses++; g.falses == learnFalse && !g.learned {
		g.learn(l, p, w)
		g.refill(len(p))
	}
}

// learn counts the bytes of the beginning of p and takes the pair that it has least of, unless a search has learnt lately.
// O(learnSample).
func (g *gear) learn(l *literal, p []byte, w *meter) {
	g.learned = true
	x := l.recall()
	if len(p) < learnSample {
		return
	}
	if x.learnt > 0 {
		x.learnt--
		l.record(x)
		return
	}
	var count [256]uint8
	for _, c := range p[:learnSample] {
		count[c]++
	}
	w.steps += learnSample
	least := 0
	for i := range l.choices {
		a, b := int(count[l.choices[i].bytes[0]]), int(count[l.choices[i].bytes[1]])
		// The pair stands no more often than its rarer byte.
		if n := min(a, b)*learnSample + a + b; i == 0 || n < least {
			least, x.choice = n, uint8(i)
		}
	}
	x.learnt = rest
	l.record(x)
	g.choice = int(x.choice)
}
