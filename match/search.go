package match

// search is advance for a literal of more than exactLen bytes.
//
// It is Knuth, Morris and Pratt's search:
//
//	for each byte c of p
//	    while j ≥ 0 and literal[j] ≠ c: j = fail[j]
//	    j = j + 1
//	    if j = m: match
//
// with six departures:
//
//  1. While j is 0, nothing has to be remembered, and a scan for a few bytes of the literal, at their distances, jumps to
//     the next place where it can match; see gear.
//  2. While bytes match, they are compared a vector at a time.
//  3. False candidates are paid for out of the bytes read (meter); when there are too many, the scan gives way to the
//     plain search, from the same j, until the debt is paid.
//  4. After a false candidate, where few bytes match, the scan is the better judge of them: the search goes back by these
//     bytes, to j = 0. So it does when the match in hand has come to begin in p itself.
//  5. Where the plain search goes round in circles with the text, as it does in a long run of one byte, the rounds are
//     compared with the first one instead; see cycle.
//  6. Where the scan finds nothing, only the last bytes of p can begin a match, fewer than the literal has; tail says how
//     much of the literal p ends with.
//
// Worst case for len(p) = n: the scans read a byte once; the compares are at most 2n, as in the plain search; the prices
// of false candidates are at most n + plainDebt + falsePrice together, and with each of them at most maxBack bytes are
// compared again; a look for a cycle compares at most one byte for each byte read, or two for each byte skipped; learning
// reads learnSample bytes for learnFalse false candidates, or for some blocks of the scan. This
// is less than 8n + 1024 steps and holds for a whole stream, however it is cut, since the carry is j and the debt.
func (l *literal) search(p []byte, j int, w *meter) (read, matched int) {
	var g gear
	g.engage(l, len(p))
	i, j := l.seek(p, j, &g, w)
	if j < 0 {
		return len(p), l.tail(p[i:], w)
	}
	return i, j
}

// seek is search but for the last bytes of p: where only they can begin a match, it returns from where on, and -1.
func (l *literal) seek(p []byte, j int, g *gear, w *meter) (read, matched int) {
	i, paid := 0, 0
	for i < len(p) {
		if w.broke() {
			i, j = l.plain(p, i, j, w)
			if j == len(l.bytes) {
				return i, j
			}
			paid = i
			continue
		}
		if j == 0 {
			at := l.scan(p, i, g, w)
			if at < 0 {
				w.pay(len(p) - paid)
				return i, -1
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
		g.miss(l, p[i:], w)
		j = l.fall(p[i], j, w)
		if i++; j <= min(i, maxBack) {
			i, j = i-j, 0
		}
	}
	return i, j
}

// plain searches p[i:] without scans, plainSpell bytes of it or more, and pays for earlier false candidates with them.
func (l *literal) plain(p []byte, i, j int, w *meter) (at, matched int) {
	from, end := i, min(i+plainSpell, len(p))
	c := cycle{at: i, state: j}
	for n := 0; i < end; {
		n, j = l.kmp(p[i:min(i+plainBlock, end)], j, w)
		if i += n; j == len(l.bytes) {
			break
		}
		i += c.skip(p, i, j, w)
	}
	w.pay(i - from)
	return i, j
}

// fall is the step of the plain search for a byte c after j bytes: it returns how many bytes match after c.
func (l *literal) fall(c byte, j int, w *meter) int {
	for j >= 0 && l.bytes[j] != c {
		j = int(l.fail[j])
		w.steps++
	}
	return j + 1
}
