package main

import (
	"context"
	"net"
	"os"

	"github.com/panjf2000/gnet/v2"
)

// serveGnet runs an engine of gnet.
func serveGnet(ctx context.Context, o *options, ready func(net.Addr)) error {
	s := gnetServer{ctx: ctx, ready: ready, protocol: o.protocol()}
	var h gnet.EventHandler
	switch {
	case o.mode == modeEcho:
		h = &gnetEcho{s}
	case o.best():
		h = &gnetBest{s}
	default:
		h = &gnetPlain{s}
	}
	return gnet.Run(h, "tcp://"+o.addr, gnetOptions(o)...)
}

// gnetOptions returns the options of gnet. Where none is named, what the library does by default is also what it advises:
// TCP_NODELAY, reads of 64 KiB, and level-triggered events (of the others its documentation says to leave them alone).
func gnetOptions(o *options) []gnet.Option {
	opts := []gnet.Option{
		gnet.WithNumEventLoop(o.loops),
		gnet.WithLogger(gnetLog{}),
	}
	if !o.best() {
		return opts
	}
	return append(opts,
		// Each loop has a thread of its own, as in the echo server of gnet's own benchmark.
		gnet.WithLockOSThread(true),
		// A single loop may as well accept by itself, which spares the loop that does nothing else, and the way from there.
		// With more of them the kernel would deal out the connections by chance; gnet's round robin gives each loop as many.
		gnet.WithReusePort(o.loops == 1),
	)
}

// gnetServer is what the handlers of all modes share.
type gnetServer struct {
	gnet.BuiltinEventEngine
	ctx      context.Context
	ready    func(net.Addr)
	protocol func() protocol
}

// OnBoot runs when the engine listens. It has the engine stopped when the context ends.
func (s *gnetServer) OnBoot(e gnet.Engine) gnet.Action {
	addr, err := gnetAddr(e)
	if err != nil {
		gnetLog{}.Fatalf("no address: %v", err) // what is returned here does not come out of Run
	}
	context.AfterFunc(s.ctx, func() { _ = e.Stop(context.Background()) })
	s.ready(addr)
	return gnet.None
}

// gnetAddr returns the address at which the engine listens: it does not tell, but lends its socket.
func gnetAddr(e gnet.Engine) (net.Addr, error) {
	fd, err := e.Dup()
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close()
	ln, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	return ln.Addr(), nil
}

// gnetEcho is the echo server of gnet's own benchmark, in which a newcomer's is no other.
type gnetEcho struct{ gnetServer }

// OnTraffic writes what has been read, from the buffer of the loop. What the kernel does not take at once gnet keeps.
func (s *gnetEcho) OnTraffic(c gnet.Conn) gnet.Action {
	data, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	if _, err := c.Write(data); err != nil {
		return gnet.Close
	}
	return gnet.None
}

// gnetBest answers all elements of a read with one write. What is not whole yet stays in gnet's buffer.
type gnetBest struct{ gnetServer }

// OnOpen runs when a client has connected.
func (s *gnetBest) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	c.SetContext(&batch{protocol: s.protocol()})
	return nil, gnet.None
}

// OnTraffic runs when data has been read.
func (s *gnetBest) OnTraffic(c gnet.Conn) gnet.Action {
	data, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	reply, taken, last := c.Context().(*batch).replies(data)
	if len(reply) > 0 {
		if _, err := c.Write(reply); err != nil {
			return gnet.Close
		}
	}
	if taken > 0 { // Discard(0) would discard everything
		_, _ = c.Discard(taken)
	}
	if last {
		return gnet.Close
	}
	return gnet.None
}

// gnetPlain answers each element by itself.
type gnetPlain struct{ gnetServer }

// OnOpen runs when a client has connected.
func (s *gnetPlain) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	c.SetContext(s.protocol())
	return nil, gnet.None
}

// OnTraffic runs when data has been read.
func (s *gnetPlain) OnTraffic(c gnet.Conn) gnet.Action {
	p := c.Context().(protocol)
	for {
		data, err := c.Peek(-1)
		if err != nil {
			return gnet.Close
		}
		reply, taken, last := p.next(data)
		if len(reply) > 0 {
			if _, err := c.Write(reply); err != nil {
				return gnet.Close
			}
		}
		if last {
			return gnet.Close
		}
		if taken == 0 {
			return gnet.None
		}
		_, _ = c.Discard(taken)
	}
}
