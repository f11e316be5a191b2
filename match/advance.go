package match

// advance reads p after a stream that ends with the j first bytes of the literal, and stops after the first match. It
// returns the bytes of p it has read and how many bytes of the literal match now: all of them after a match;
// otherwise it has read all of p. Every search below has this contract; here is the choice between them, by the
// literal's length.
//
// Whichever it is: at most stepsPerByte steps a byte over a whole stream, and stepsOver more, if the meter's debt is
// kept.
func (l *literal) advance(p []byte, j int, w *meter) (read, matched int) {
	switch len(l.bytes) {
	case 1:
		return l.one(p, w)
	case 2:
		return l.two(p, j, w)
	}
	return l.search(p, j, w)
}
