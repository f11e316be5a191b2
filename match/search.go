package match

// search is advance for a literal of three bytes or more.
//
// It is Knuth, Morris and Pratt's search:
//
//	for each byte c of p
//	    while j ≥ 0 and literal[j] ≠ c: j = fail[j]
//	    j = j + 1
//	    if j = m: match
//
// with four departures:
//
//  1. While j is 0, nothing has to be remembered, and a scan for a rare byte, or for a rare pair of bytes, jumps to the
//     next place where the literal can begin.
//  2. While bytes match, they are compared a word at a time.
//  3. False candidates are paid for out of the bytes read (meter); when there are too many, the scan changes
//     from one byte to two, and then gives way to the plain search, from the same j, until the debt is paid.
//  4. Where the scan finds nothing, only the last bytes of p can begin a match, fewer than the literal has; they are walked by
//     the plain search, which says how much of the literal p ends with.
//
// Worst case for len(p) = n: the scans read a byte once, and two more for each false candidate; the compares are at most 2n, as in
// the plain search; false candidates are at most (n + plainDebt + falseCost) / falseCost, at falseCost steps each. This is
// at most 4n + 272 steps and holds for a whole stream, however it is cut, since the carry is j and the debt.
func (l *literal) search(p []byte, j int, w *meter) (read, matched int) {
	i, paid := 0, 0
	for i < len(p) {
		if w.debt >= plainDebt {
			i, j = l.plain(p, i, j, w)
			if j == len(l.bytes) {
				return i, j
			}
			paid = i
			continue
		}
		if j == 0 {
			at, found := l.skip(p, i, w)
			if !found {
				w.pay(len(p) - paid)
				_, j = l.kmp(p[at:], 0, w)
				return len(p), j
			}
			i = at
		}
		n := commonPrefix(l.bytes[j:], p[i:])
		i, j = i+n, j+n
		w.steps += n + 1
		w.pay(i - paid)
		paid = i
		if j == len(l.bytes) || i == len(p) {
			return i, j
		}
		w.charge()
		j = l.fall(p[i], j, w)
		i++
	}
	return i, j
}

// plain searches at most plainBlock bytes of p[i:] without scans and pays for earlier false candidates with them.
func (l *literal) plain(p []byte, i, j int, w *meter) (at, matched int) {
	n, j := l.kmp(p[i:min(i+plainBlock, len(p))], j, w)
	w.pay(n)
	return i + n, j
}

// fall is the step of the plain search for a byte c that is not literal[j]: it returns how many bytes match after c.
func (l *literal) fall(c byte, j int, w *meter) int {
	for j >= 0 && l.bytes[j] != c {
		j = int(l.fail[j])
		w.steps++
	}
	return j + 1
}

// skip returns the first place from i on where the literal can begin. If there is none, found is false, and a match can only
// begin at or after the place returned, and not end in p.
func (l *literal) skip(p []byte, i int, w *meter) (at int, found bool) {
	off, tail := l.rareOff, l.rareOff
	if w.debt >= pairDebt {
		off, tail = l.pairOff, l.pairOff+1
	}
	q := p[min(i+off, len(p)):]
	n := 0
	if w.debt < pairDebt {
		n = indexRare(q, l.rare)
	} else {
		n = indexPair(q, l.pair[0], l.pair[1])
	}
	if n < 0 {
		w.steps += len(q)
		return max(i, len(p)-tail), false
	}
	w.steps += n + 1
	return i + n, true
}
