//go:build linux

package loop

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// PacketConn is a socket of datagrams on its loop: UDP, or unix datagrams. Its methods are for the loop's goroutine,
// or any goroutine before the loop runs, unless they say "any goroutine".
//
// What a loop reads at once are up to 31 messages (recvmmsg(2)), each of which may be up to 64 datagrams where the kernel
// gathers them (udp(7), UDP_GRO). What is sent in a turn leaves together (sendmmsg(2)), and runs of datagrams of one
// size to one peer as one message (UDP_SEGMENT).
//
// Invariant: in epoll with the wanted interest from begin to shut; out is nil or holds at least one datagram; with
// isDue set if and only if it is in loop.packets.due.
type PacketConn struct {
	loop    *Loop
	handler PacketHandler
	factory PacketFactory // makes handler when the socket begins; immutable
	network string        // immutable
	local   net.Addr      // immutable
	remote  Peer          // that the socket is connected to; immutable
	path    socketPath    // of a unix socket; immutable
	family  uint16        // immutable
	v6only  bool          // immutable

	fd        int
	at        int  // place in loop.channels; -1: not there
	gro       bool // datagrams come gathered
	segment   int  // the longest datagram that UDP_SEGMENT is used for; 0: it is not
	begun     bool
	gone      bool
	isDue     bool
	paused    bool // by the handler
	above     bool // more than HighWater is queued
	inRead    bool // datagrams are being delivered: it is settled when that ends
	blocked   bool // EPOLLOUT is waited for
	restSend  bool // sending waits for the timer
	restRead  bool // receiving does
	fruitless bool // the last event had nothing to read
	retried   bool // the first datagram was refused once, perhaps for an error of an earlier one
	out       *packetQueue
	faults    []error // to be told
	rest      time.Duration
	timer     *Timer
	cause     error
}

// Loop returns the loop that the socket is on. Any goroutine.
func (pc *PacketConn) Loop() *Loop { return pc.loop }

// LocalAddr returns the address that the socket is bound to, a *net.UDPAddr or *net.UnixAddr, with the port that was
// chosen for port 0. Any goroutine, after the end too.
func (pc *PacketConn) LocalAddr() net.Addr { return pc.local }

// Remote returns the peer of a socket of DialPacket; the zero Peer of another. Any goroutine.
func (pc *PacketConn) Remote() Peer { return pc.remote }

// Post runs f on the loop's goroutine, unless the socket is closed by then: it is how other goroutines send. A panic in
// f closes the socket. The errors are those of Loop.Post. Any goroutine.
func (pc *PacketConn) Post(f func(pc *PacketConn)) error {
	return pc.loop.Post(func() {
		if !pc.gone {
			pc.loop.curPacket = pc
			f(pc)
			pc.arm()
		}
	})
}

// Send queues a copy of p as one datagram to a peer, or, for the zero Peer, to the one that the socket is connected to.
// What is queued leaves at the end of the callback or turn, without a wait; what the socket has no room for stays
// queued, in order. The bytes of p, of which there may be none, are the caller's again when Send returns.
//
// That Send returns nil does not say that the datagram arrives. One that the kernel refuses is counted
// (Stats.PacketsLost), and a PacketFailer is told.
//
// The errors are ErrClosed; ErrOutputFull if more than Options.MaxOutput would be queued, each datagram counted as 64
// bytes more than it has; or wrap ErrOption, for a datagram that is too long or a peer of another network. Nothing was
// queued then.
//
// Order is kept over all peers: a unix peer whose queue is full holds up what is queued for others behind it.
//
// Under backpressure, that is with more than Options.HighWater queued, nothing is received.
func (pc *PacketConn) Send(p []byte, to Peer) error {
	if pc.gone {
		return ErrClosed
	}
	if len(p) > pc.maxSize() {
		return fmt.Errorf("%w: a datagram of %d bytes, not 0 to %d", ErrOption, len(p), pc.maxSize())
	}
	if to.kind() != peerNone && !pc.reaches(to) {
		return fmt.Errorf("%w: a socket of %s sends nothing to %v", ErrOption, pc.network, to)
	}
	if to == pc.remote {
		to = Peer{} // the kernel has looked up the way to it
	}
	if pc.out != nil && !pc.out.fits(len(p)) && !pc.waits() {
		if pc.flush(pc.loop.opts.WriteBudget, false); pc.gone { // one block is enough
			return ErrClosed
		}
	}
	if len(p)+packetCost > pc.loop.opts.MaxOutput-pc.Queued() {
		return ErrOutputFull
	}
	if pc.out == nil {
		pc.out = pc.loop.packets.queue()
	}
	pc.out.push(p, to, pc.loop.blocks)
	if pc.out.bytes > pc.loop.opts.HighWater {
		pc.above = true
	}
	if !pc.inRead {
		pc.isDueNow()
	}
	return nil
}

// SendTo is Send to an IP address and port.
func (pc *PacketConn) SendTo(p []byte, to netip.AddrPort) error {
	peer, err := PeerFrom(to)
	if err != nil {
		return err
	}
	return pc.Send(p, peer)
}

// maxSize is the longest datagram that the network has room for.
func (pc *PacketConn) maxSize() int {
	switch pc.family {
	case unix.AF_INET:
		return 65507
	case unix.AF_INET6:
		return 65527
	}
	return MaxPacket
}

// reaches tells whether to is a peer of the socket's network. What the network's peers are like besides, the kernel says.
func (pc *PacketConn) reaches(to Peer) bool {
	switch to.kind() {
	case peerV4:
		return pc.family == unix.AF_INET || pc.family == unix.AF_INET6 && !pc.v6only
	case peerV6:
		return pc.family == unix.AF_INET6
	}
	return pc.family == unix.AF_UNIX
}

// Queued returns how much output waits, in bytes, each datagram counted as 64 bytes more than it has.
func (pc *PacketConn) Queued() int {
	if pc.out == nil {
		return 0
	}
	return pc.out.bytes
}

// Pause stops receiving, until Resume: the kernel keeps what comes, as far as the socket's buffer goes, and drops the
// rest. Datagrams that were taken from the kernel together with the one in hand are delivered still.
func (pc *PacketConn) Pause() { pc.setPaused(true) }

// Resume ends Pause.
func (pc *PacketConn) Resume() { pc.setPaused(false) }

func (pc *PacketConn) setPaused(on bool) {
	if pc.paused != on && !pc.gone {
		pc.paused = on
		pc.isDueNow()
	}
}

// SetReadBuffer sets the size in bytes of the kernel's buffer for what comes (socket(7), SO_RCVBUF), cut to
// net.core.rmem_max. It returns ErrClosed or the system call's error.
func (pc *PacketConn) SetReadBuffer(bytes int) error { return pc.setBuffer(unix.SO_RCVBUF, bytes) }

// SetWriteBuffer likewise, for what leaves (SO_SNDBUF), cut to net.core.wmem_max.
func (pc *PacketConn) SetWriteBuffer(bytes int) error { return pc.setBuffer(unix.SO_SNDBUF, bytes) }

func (pc *PacketConn) setBuffer(opt, bytes int) error {
	if pc.gone {
		return ErrClosed
	}
	return os.NewSyscallError("setsockopt", pc.loop.calls.SetsockoptInt(pc.fd, unix.SOL_SOCKET, opt, bytes))
}

// Close closes the socket. What is queued is sent as far as the socket takes it at once; the rest is counted as lost.
// PacketClosed follows before the turn ends, or in the next one if none runs; no other callback does. Another goroutine
// closes by Post. Idempotent.
func (pc *PacketConn) Close() { pc.shut(nil) }
