package main

// maxElement is how many bytes of a line or of the head of a request may wait for their end: 64 KiB and CR LF. Whoever
// sends more without an end is cut off, so that no client has the server collect without bound.
const maxElement = 64<<10 + 2

// protocol is the mode line or http of one connection: it finds the elements in what the connection received, and the
// replies to them. The data of a call begins where the bytes that the last call took ended.
type protocol interface {
	// next takes no more than the element that data begins with, or a piece of a body. It takes nothing if more is needed
	// first. After last the connection is to be closed. The reply may lie in data.
	next(data []byte) (reply []byte, taken int, last bool)

	// answer takes all elements that are there whole, and appends the replies to out.
	answer(out, data []byte) (reply []byte, taken int, last bool)
}

// protocol returns what makes the protocol of a new connection in the mode that is asked for, or nil for echo, which
// needs none.
func (o *options) protocol() func() protocol {
	switch o.mode {
	case modeLine:
		return func() protocol { return &lines{} }
	case modeHTTP:
		return func() protocol { return &requests{} }
	}
	return nil
}

// batch is what the best forms keep for a connection: its protocol, and the buffer in which the replies of one read are
// collected, so that each read costs one write and no memory.
type batch struct {
	protocol
	out []byte
}

// replies returns the replies to all elements that are whole in data. They are valid until the next call.
func (b *batch) replies(data []byte) (reply []byte, taken int, last bool) {
	b.out, taken, last = b.answer(b.out[:0], data)
	return b.out, taken, last
}
