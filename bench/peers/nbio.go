package main

import (
	"context"
	"net"
	"os"

	"github.com/lesismal/nbio"
	"github.com/lesismal/nbio/logging"
)

// serveNbio runs an engine of nbio.
func serveNbio(ctx context.Context, o *options, ready func(net.Addr)) error {
	logging.Output = os.Stderr // it is standard output otherwise
	logging.SetLevel(logging.LevelError)
	e := nbio.NewEngine(nbioConfig(o))
	handleNbio(e, o)
	if err := e.Start(); err != nil {
		return err
	}
	addr, err := net.ResolveTCPAddr("tcp", e.Addrs[0]) // Start has put in the port that it got
	if err != nil {
		return err
	}
	ready(addr)
	<-ctx.Done()
	e.Stop()
	return nil
}

// nbioConfig returns the configuration of nbio. Where nothing is named, what the library does by default is also what its
// own benchmark uses: level-triggered events, reads of 64 KiB in the goroutine of the poller, no limit of what waits to
// be written, and TCP_NODELAY, which the listener is Go's and sets.
func nbioConfig(o *options) nbio.Config {
	c := nbio.Config{
		Network: "tcp",
		Addrs:   []string{o.addr},
		NPoller: o.loops,
	}
	if !o.best() {
		c.MaxWriteBufferSize = 6 << 20 // as in the first example of its README
	}
	return c
}

// handleNbio has the engine call the handlers of the mode and form.
func handleNbio(e *nbio.Engine, o *options) {
	switch {
	case o.mode == modeEcho && o.best():
		e.OnData(nbioEcho)
		return
	case o.mode == modeEcho:
		e.OnData(nbioEchoCopy)
		return
	case o.best():
		e.OnData(nbioBest)
	default:
		e.OnData(nbioPlain)
	}
	protocol := o.protocol()
	e.OnOpen(func(c *nbio.Conn) {
		c.SetSession(&nbioSession{batch: batch{protocol: protocol()}})
	})
}

// nbioSession is what a connection keeps from one read to the next. nbio has the data of a read in a buffer of the poller,
// so that what is not whole yet must be copied.
type nbioSession struct {
	batch
	rest []byte
}

// join returns the data of a read after what was left of the reads before.
func (s *nbioSession) join(data []byte) []byte {
	if len(s.rest) == 0 {
		return data
	}
	s.rest = append(s.rest, data...)
	return s.rest
}

// keep keeps what is left of the data for the next read. The data may be what join returned.
func (s *nbioSession) keep(data []byte) { s.rest = append(s.rest[:0], data...) }

// nbioEcho writes what has been read. Write copies what the kernel does not take at once.
func nbioEcho(c *nbio.Conn, data []byte) {
	_, _ = c.Write(data) // an error has closed the connection
}

// nbioEchoCopy is the first example of nbio's README.
func nbioEchoCopy(c *nbio.Conn, data []byte) {
	_, _ = c.Write(append([]byte{}, data...))
}

// nbioBest answers all elements of a read with one write. It is no Writev, which in this version loses what follows the
// buffer that the kernel took in part.
func nbioBest(c *nbio.Conn, data []byte) {
	s := c.Session().(*nbioSession)
	data = s.join(data)
	reply, taken, last := s.replies(data)
	if len(reply) > 0 {
		if _, err := c.Write(reply); err != nil {
			return
		}
	}
	s.keep(data[taken:])
	if last {
		_ = c.Close()
	}
}

// nbioPlain answers each element by itself.
func nbioPlain(c *nbio.Conn, data []byte) {
	s := c.Session().(*nbioSession)
	data = s.join(data)
	for {
		reply, taken, last := s.next(data)
		if len(reply) > 0 {
			if _, err := c.Write(reply); err != nil {
				return
			}
		}
		data = data[taken:]
		if last {
			_ = c.Close()
			return
		}
		if taken == 0 {
			s.keep(data)
			return
		}
	}
}
