package match

// advance reads p after a stream that ends with the j first bytes of the literal, and stops after the first match. It
// returns the bytes of p it has read and how many bytes of the literal match now: all of them after a match;
// otherwise it has read all of p.
//
// At most stepsPerByte steps a byte over a whole stream, and stepsOver more, if the meter's debt is kept.
func (l *literal) advance(p []byte, j int, w *meter) (read, matched int) {
	if l.exact() {
		return l.short(p, j, w)
	}
	return l.search(p, j, w)
}
