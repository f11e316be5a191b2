package match

import "bytes"

// scan returns the first place of p, from from on, at which the samples of the literal stand and the literal would fit,
// or -1. O(len(p) - from).
func (l *literal) scan(p []byte, from int, g *gear, w *meter) int {
	n := len(p) - len(l.bytes) + 1
	for i := from; i < n; {
		places := min(n-i, maxCall)
		at, left := g.scan(l, p[i:], places)
		w.steps += min(at+1, places)
		i += at
		switch {
		case left < 0:
			g.shift(l, p[i:], w)
		case at < places:
			g.credit = left
			return i
		default:
			g.credit = left
		}
	}
	return -1
}

// short is advance for a literal of at most exactLen bytes: what the samples find is a match, so there is nothing false
// to pay for, and every text is searched alike, but for the gear. At most two steps a byte.
func (l *literal) short(p []byte, j int, w *meter) (read, matched int) {
	i := 0
	if j > 0 {
		if i, j = l.seam(p, j, w); j == len(l.bytes) || i == len(p) {
			return i, j
		}
		i -= j // the match in hand began here
	}
	n := len(p) - i - len(l.bytes) + 1
	at := -1
	switch {
	case n >= rareFrom:
		var g gear
		g.engage(l, n)
		at = l.scan(p, i, &g, w)
	case n > 0:
		k, _ := scanPair(p[i:], n, &l.first, noLimit)
		w.steps += min(k+1, n)
		if k < n {
			at = i + k
		}
	}
	if at >= 0 {
		w.steps += len(l.bytes) - 1
		return at + len(l.bytes), len(l.bytes)
	}
	return len(p), l.tail(p[i:], w)
}

// seam reads p after j bytes have matched, byte by byte, until the match in hand begins in p itself: then a scan can
// take it over, from j bytes back. It stops at a match, and at the end of p.
func (l *literal) seam(p []byte, j int, w *meter) (read, matched int) {
	i := 0
	for i < len(p) && j > i {
		j = l.fall(p[i], j, w)
		w.steps++
		if i++; j == len(l.bytes) {
			break
		}
	}
	return i, j
}

// tail returns how much of the literal p ends with. There is no match in p.
func (l *literal) tail(p []byte, w *meter) (matched int) {
	p = p[max(0, len(p)-len(l.bytes)+1):]
	const near = 16 // bytes looked at one by one before a scan pays
	j := 0
	for i := 0; i < len(p); i++ {
		if j == 0 && p[i] != l.bytes[0] {
			w.steps++
			if i >= near && len(p)-i >= near {
				n := bytes.IndexByte(p[i:], l.bytes[0])
				if n < 0 {
					w.steps += len(p) - i
					return 0
				}
				w.steps += n
				i += n - 1
			}
			continue
		}
		j = l.fall(p[i], j, w)
		w.steps++
	}
	return j
}
