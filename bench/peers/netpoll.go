package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/cloudwego/netpoll"
)

// netpollPatience is what connections get to come to rest when the server stops. netpoll closes no busy ones.
const netpollPatience = 200 * time.Millisecond

// serveNetpoll runs an event loop of netpoll.
func serveNetpoll(ctx context.Context, o *options, ready func(net.Addr)) error {
	if err := netpoll.Configure(netpollConfig(o)); err != nil {
		return err
	}
	ln, err := netpoll.CreateListener("tcp", o.addr)
	if err != nil {
		return err
	}
	loop, err := newNetpollLoop(o)
	if err != nil {
		return err
	}
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		wait, cancel := context.WithTimeout(context.Background(), netpollPatience)
		defer cancel()
		stopped <- loop.Shutdown(wait)
	})
	ready(ln.Addr())
	if err := loop.Serve(ln); err != nil {
		return err
	}
	if err := <-stopped; !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// netpollConfig returns the configuration of netpoll. Where nothing is named, what the library does by default is also
// what it advises: connections to the pollers in turn, TCP_NODELAY, and buffers that grow with what a connection sends.
func netpollConfig(o *options) netpoll.Config {
	c := netpoll.Config{PollerNum: o.loops, LoggerOutput: netpollLog{}}
	if o.best() {
		// The handlers do not make their stacks grow. For such the library advises bare goroutines instead of its pool.
		c.Runner = func(_ context.Context, f func()) { go f() }
	}
	return c
}

// newNetpollLoop returns the event loop of the mode and form.
func newNetpollLoop(o *options) (netpoll.EventLoop, error) {
	switch {
	case o.mode != modeEcho:
		handle := netpollPlain
		if o.best() {
			handle = netpollBest
		}
		return netpoll.NewEventLoop(handle, netpoll.WithOnPrepare(netpollPrepare(o.protocol())))
	case o.best():
		return netpoll.NewEventLoop(netpollEcho)
	default:
		return netpoll.NewEventLoop(netpollEchoCopy)
	}
}

// netpollContext carries what a connection keeps from one call to the next: netpoll hands the context that was made when
// the connection was to every call of its handler.
type netpollContext struct {
	context.Context
	batch
}

// netpollPrepare returns what makes the context of a connection.
func netpollPrepare(protocol func() protocol) netpoll.OnPrepare {
	return func(netpoll.Connection) context.Context {
		return &netpollContext{context.Background(), batch{protocol: protocol()}}
	}
}

// netpollEcho writes what has been read without a copy, unless it is so little that netpoll rather copies it. Flush
// returns when all is written, so that what was read can be released then.
func netpollEcho(_ context.Context, c netpoll.Connection) error {
	r, w := c.Reader(), c.Writer()
	data, err := r.Next(r.Len())
	if err == nil {
		_, err = w.WriteBinary(data)
	}
	if err == nil {
		err = w.Flush()
	}
	return endNetpoll(c, err)
}

// netpollEchoCopy writes what has been read as the simple usage in netpoll's guide does.
func netpollEchoCopy(_ context.Context, c netpoll.Connection) error {
	r, w := c.Reader(), c.Writer()
	data, err := r.Next(r.Len())
	if err != nil {
		return endNetpoll(c, err)
	}
	buf, err := w.Malloc(len(data))
	if err == nil {
		copy(buf, data)
		err = w.Flush()
	}
	return endNetpoll(c, err)
}

// endNetpoll ends a call of a handler: it releases what was read, and closes a connection that failed, without which
// netpoll would call the handler again and again for what was not read.
func endNetpoll(c netpoll.Connection, err error) error {
	if err == nil {
		err = c.Reader().Release()
	}
	if err != nil {
		_ = c.Close()
	}
	return err
}

// netpollBest answers all elements that have been read with one write.
func netpollBest(ctx context.Context, c netpoll.Connection) error {
	r, w := c.Reader(), c.Writer()
	data, err := r.Peek(r.Len())
	if err != nil {
		return endNetpoll(c, err)
	}
	reply, taken, last := ctx.(*netpollContext).replies(data)
	if len(reply) > 0 {
		if _, err = w.WriteBinary(reply); err == nil {
			err = w.Flush() // it returns when all is written, and the next replies may overwrite these
		}
	}
	return netpollRest(c, len(data), taken, last, err)
}

// netpollPlain answers each element by itself.
func netpollPlain(ctx context.Context, c netpoll.Connection) error {
	data, err := c.Reader().Peek(c.Reader().Len())
	if err != nil {
		return endNetpoll(c, err)
	}
	p := ctx.(*netpollContext)
	for taken := 0; ; {
		reply, n, last := p.next(data[taken:])
		if len(reply) > 0 {
			_, err = c.Write(reply)
		}
		taken += n
		if n == 0 || last || err != nil {
			return netpollRest(c, len(data), taken, last, err)
		}
	}
}

// errLast closes a connection that has not failed.
var errLast = errors.New("the last element has been answered")

// netpollRest goes on after taken of the bytes there were. Where nothing could be taken it waits for more, since netpoll
// calls a handler again as long as anything is left.
func netpollRest(c netpoll.Connection, there, taken int, last bool, err error) error {
	r := c.Reader()
	switch {
	case err != nil:
	case last:
		err = errLast
	case taken == 0:
		_, err = r.Peek(there + 1)
	default:
		err = r.Skip(taken)
	}
	return endNetpoll(c, err)
}
