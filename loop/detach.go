//go:build linux

package loop

// Detach ends the connection on this loop without closing its descriptor, for a protocol that goes
// on elsewhere. Delivery stops at once, as by Pause. When all that is queued is written, then is
// called on the loop with the descriptor, non-blocking and the callee's to close, and with a copy
// of what was received and not delivered; Closed follows with a nil cause. If the connection ends
// before, then is not called. It returns ErrClosed for a closed or closing connection.
func (c *Conn) Detach(then func(fd int, rest []byte)) error {
	if c.state&(unwritable|connecting|broken|detached) != 0 {
		return ErrClosed
	}
	c.Pause()
	c.state |= detaching
	c.extra().detach = then
	return nil
}

// finishDetach hands the descriptor over.
func (c *Conn) finishDetach() {
	rest := c.match.HeldBytes()
	if c.in != nil {
		rest = c.in.bytes()
	}
	rest = append([]byte(nil), rest...)
	then, fd := c.rare.detach, int(c.fd)
	c.state |= detached
	c.close(nil)
	then(fd, rest)
}
