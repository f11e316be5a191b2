package match

// cycle notices that the plain search goes round in circles: in the state j that it was in s bytes before, it meets the
// same s bytes again. Then it will be in that state again behind them, and has not found a match on the way, since it
// did not the time before. So as many rounds as the text repeats are skipped at the speed of a comparison.
//
// A spell of the plain search has one, which is new. Now and then it takes a new place to come back to, after twice as
// long each time (Brent 1980, "An improved Monte Carlo factorization algorithm", has this way to find a cycle of unknown
// length).
//
// Invariant: the search was in the state at the place at, and has found nothing since; span, quiet and patience are at most maxWait.
type cycle struct {
	at, state int
	blocks    int // of the plain search since at
	span      int // blocks after which at moves on
	quiet     int // blocks to come in which a state that comes back is not looked into
	patience  int // what quiet will be when the next look was for nothing
}

// skip returns how many bytes of p[i:] the search can leave out, after a block of it that ended in state j. A look for
// nothing compares fewer bytes than the search has read since at, and a look of use at most twice as many as it skips.
func (c *cycle) skip(p []byte, i, j int, w *meter) (n int) {
	c.blocks++
	if c.quiet > 0 {
		c.quiet--
	} else if j == c.state {
		s := i - c.at
		n = commonPrefix(p[i:min(i+maxCall, len(p))], p[c.at:])
		w.steps += n + 1
		if n >= s {
			n -= n % s
			c.at, c.blocks, c.patience = i+n, 0, 0
			return n
		}
		c.patience = c.later(c.patience)
		c.quiet = c.patience
		c.blocks = c.span
	}
	if c.blocks >= c.span {
		c.at, c.state, c.blocks = i, j, 0
		c.span = c.later(c.span)
	}
	return 0
}

// later returns the number of blocks to wait next, after the last ones brought nothing.
func (c *cycle) later(blocks int) int { return min(2*blocks+1, maxWait) }
