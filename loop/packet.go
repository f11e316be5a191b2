//go:build linux

package loop

// MaxPacket is the longest datagram that is received or sent, in bytes. UDP has none that is longer (RFC 768); a
// unix datagram could be.
const MaxPacket = 64 << 10

// PacketHandler is what to do with the datagrams of one socket. All callbacks of a PacketConn run on its loop's
// goroutine, one at a time, never nested; after PacketClosed there are none.
//
// A PacketHandler may also implement PacketCloser, PacketDrainer and PacketFailer.
type PacketHandler interface {
	// ReceivePacket gets one datagram in place: a slice of the loop's memory, valid until ReceivePacket returns, 0 to
	// MaxPacket bytes long, always whole. The handler may change the bytes; to keep them it copies them (bytes.Clone).
	// from is the sender, to be given to Send; from a unix socket without a name it has none (Peer.Named).
	//
	// A non-nil error closes the socket and is the cause that PacketClosed gets. So a server should not return the error
	// of a Send, unless it means to end with it.
	ReceivePacket(pc *PacketConn, data []byte, from Peer) error
}

// PacketHandlerFunc makes a ReceivePacket function a PacketHandler.
type PacketHandlerFunc func(pc *PacketConn, data []byte, from Peer) error

// ReceivePacket calls f.
func (f PacketHandlerFunc) ReceivePacket(pc *PacketConn, data []byte, from Peer) error {
	return f(pc, data, from)
}

// PacketCloser is told, once and last of all, that the socket is closed, and why: nil after PacketConn.Close,
// ErrShutdown if the loop or set ended, a *PanicError if a callback panicked, else the first error that closed it.
type PacketCloser interface {
	PacketClosed(pc *PacketConn, cause error)
}

// PacketDrainer is told that queued output, which had passed Options.HighWater, has fallen to Options.LowWater. An
// error closes the socket.
type PacketDrainer interface {
	PacketDrained(pc *PacketConn) error
}

// PacketFailer is told of errors that do not close the socket: a datagram that the kernel refused to send, such as
// ENETUNREACH or EPERM; what an ICMP message said of a datagram sent earlier by a socket of DialPacket, such as
// ECONNREFUSED; ErrTruncated for one that came and was too long to be delivered. err is a *net.OpError with the operation
// ("read" or "write"), the addresses, where they are known, and the cause. At most 16 are told for a turn of the loop;
// Stats counts all. An error that it returns closes the socket.
type PacketFailer interface {
	PacketFailed(pc *PacketConn, err error) error
}

// PacketFactory makes the handler of a socket, on the loop that will run it. nil refuses: the socket is closed.
type PacketFactory func(pc *PacketConn) PacketHandler
