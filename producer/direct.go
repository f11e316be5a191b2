package producer

// Direct is a Producer that moves its bytes to a descriptor itself, without a detour through user memory, as splice(2)
// does. The Queue calls SendTo in place of More.
type Direct interface {
	Producer

	// SendTo moves at most max bytes to fd, a non-blocking socket, in one system call, and returns how many it moved.
	// The error is io.EOF when it is exhausted; ErrBlocked when the socket takes no more now; ErrNotReady when there is
	// nothing to send now and the queue's owner will be told when there is; an *os.SyscallError, not wrapped, when writing
	// to fd failed; any other is the producer's own and ends the queue's stream. It is
	// called by the queue's goroutine, and must not use the queue.
	SendTo(fd, max int) (n int, err error)
}
