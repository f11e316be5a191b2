//go:build linux

package loop

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// dialing is what a connection needs until it is connected.
type dialing struct {
	addrs    []unix.Sockaddr // those still to try
	giveUpMs int64           // 0: never
	err      error           // what the last one tried failed with
}

// Dial connects to address, of network "tcp", "tcp4", "tcp6" or "unix", and makes a connection of
// it on this loop. factory is called when the connecting begins; then Opened comes when it is
// connected, or only Closed, with the cause, when no address of the name could be connected to
// within Options.ConnectTimeout. What is pushed before Opened is kept and sent after it.
//
// Dial itself returns ErrClosed, ErrTooManyConns, or an error wrapping ErrOption for an address
// that makes no sense. A name, other than a literal address, is looked up on a goroutine of its
// own; if that fails, Closed gets the error. Any goroutine.
func (l *Loop) Dial(network, address string, factory Factory) error {
	if !l.room() {
		return fmt.Errorf("%w: %d", ErrTooManyConns, l.opts.MaxConns)
	}
	if literal(network, address) {
		addrs, err := resolve(context.Background(), network, address, false)
		if err != nil {
			return err
		}
		return l.send(&adoption{fd: -1, factory: factory, dial: &dialing{addrs: addrs}})
	}
	go func() {
		ctx, cancel := context.WithCancel(context.Background())
		if l.opts.ConnectTimeout > 0 {
			ctx, cancel = context.WithTimeout(context.Background(), l.opts.ConnectTimeout)
		}
		defer cancel()
		addrs, err := resolve(ctx, network, address, false)
		// ErrClosed: the loop ended while the name was looked up, and nobody is left to be told.
		_ = l.send(&adoption{fd: -1, factory: factory, dial: &dialing{addrs: addrs, err: err}})
	}()
	return nil
}

// dialNext tries the next address.
func (c *Conn) dialNext() {
	d := c.rare.dial
	for len(d.addrs) > 0 {
		sa := d.addrs[0]
		d.addrs = d.addrs[1:]
		c.setPeer(peerOf(sa))
		done, err := c.connect(sa)
		if err != nil {
			d.err = fmt.Errorf("loop: dial %v: %w", netAddrOf(sa), err)
			continue
		}
		if done {
			c.dialled()
			return
		}
		c.updateInterest()
		c.arm()
		return
	}
	c.fail(d.err)
}

// connect makes a socket and begins to connect it; done tells that it is connected already.
func (c *Conn) connect(sa unix.Sockaddr) (done bool, err error) {
	l := c.loop
	fd, err := l.calls.Socket(family(sa), unix.SOCK_STREAM, 0)
	if err != nil {
		return false, os.NewSyscallError("socket", err)
	}
	if !l.opts.Nagle && family(sa) != unix.AF_UNIX {
		_ = l.calls.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // a tuning: connecting goes on without
	}
	err = l.calls.Connect(fd, sa)
	if err != nil && sys.OfConnect(err) != sys.Wait {
		l.closeLater(fd)
		return false, os.NewSyscallError("connect", err)
	}
	c.setFD(fd)
	return err == nil, nil
}

// connected looks how a connect ended.
func (c *Conn) connected() {
	l := c.loop
	d := c.rare.dial
	errno, err := l.calls.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno == 0 {
		c.dialled()
		return
	}
	if err == nil {
		err = os.NewSyscallError("connect", unix.Errno(errno))
	} else {
		err = os.NewSyscallError("getsockopt", err)
	}
	d.err = fmt.Errorf("loop: dial %v: %w", c.peer.netAddr(), err)
	c.mute()
	l.closeLater(int(c.fd))
	c.setFD(-1)
	c.dialNext()
}

func (c *Conn) dialled() {
	c.state &^= connecting
	c.rare.dial = nil
	c.activeMs = c.loop.nowMs
	c.beginAbove() // it could not leave before
	if c.state&closing != 0 {
		c.restartDrain()
	}
	c.open()
}
