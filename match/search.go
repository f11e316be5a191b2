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
// with five departures:
//
//  1. While j is 0, nothing has to be remembered, and a scan for a rare byte, or for a rare pair of bytes, jumps to the
//     next place where the literal can begin.
//  2. While bytes match, they are compared a word at a time.
//  3. False candidates are paid for out of the bytes read (meter); when there are too many, the scan changes from one
//     byte to two, and then gives way to the plain search, from the same j, until the debt is paid.
//  4. After a false candidate, where few bytes match and none of them is of the pair, the scan is the better judge of
//     them: the search goes back by these bytes, to j = 0.
//  5. Where the scan finds nothing, only the last bytes of p can begin a match, fewer than the literal has; they are
//     walked by the plain search, which says how much of the literal p ends with.
//
// Worst case for len(p) = n: the scans read a byte once; the compares are at most 2n, as in the plain search; the
// prices of false candidates are at most n + plainDebt + pairFalse together; and with each of them, of pairFalse at the
// least, at most maxBack bytes are compared again and two are scanned again. This is less than 5n + 1024 steps and
// holds for a whole stream, however it is cut, since the carry is j and the debt.
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
		if i > paid {
			w.pay(i - paid)
			paid = i
		}
		if j == len(l.bytes) || i == len(p) {
			return i, j
		}
		w.charge()
		j = l.fall(p[i], j, w)
		if i++; j <= min(i, l.pairOff, maxBack) {
			i, j = i-j, 0
		}
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

// skip returns the first place from i on where the literal can begin. If there is none, found is false, and a match
// can only begin at or after the place returned, and not end in p. The bytes it skips are the caller's to pay with; a
// block of the second gear pays any debt there can be.
func (l *literal) skip(p []byte, i int, w *meter) (at int, found bool) {
	if w.debt >= pairDebt {
		q := p[min(i+l.pairOff, len(p)):]
		last := len(q) <= pairBlock
		if !last {
			q = q[:pairBlock+1] // the pair may begin with the block's last byte
		}
		if n := indexPair(q, l.pair[0], l.pair[1]); n >= 0 {
			w.steps += n + 1
			return i + n, true
		}
		w.steps += len(q)
		if last {
			return max(i, len(p)-l.pairOff-1), false
		}
		i += pairBlock
	}
	q := p[min(i+l.rareOff, len(p)):]
	n := indexRare(q, l.rare)
	if n < 0 {
		w.steps += len(q)
		return max(i, len(p)-l.rareOff), false
	}
	w.steps += n + 1
	return i + n, true
}
