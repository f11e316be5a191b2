package match

import "bytes"

// indexRare returns the place of the first c in p, or -1. It is the search's first gear.
func indexRare(p []byte, c byte) int { return bytes.IndexByte(p, c) }

// one is advance for a literal of one byte, which is never there in part.
func (l *literal) one(p []byte, w *meter) (read, matched int) {
	n := indexRare(p, l.rare)
	if n < 0 {
		w.steps += len(p)
		return len(p), 0
	}
	w.steps += n + 1
	return n + 1, 1
}
