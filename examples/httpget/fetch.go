//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/millrace-net/millrace/loop"
)

// readBytes is the most that one read takes.
const readBytes = 64 << 10

// fetch gets one URL: the HTTPClient of asyncore's documents. It is used on the loop's goroutine only.
//
//	[looked up] ──start──▶ [connecting] ──HandleConnect──▶ [connected] ──reply done, error──▶ [ended]
//	                        ▲   │ error                                                         ▲
//	                        └───┴──another address──▶ ... ──no more addresses───────────────────┘
//
// Invariant: ended is set once, when nothing more comes; err is set before it, or the body was whole.
type fetch struct {
	loop.BaseDispatcher
	loop    *loop.Loop
	bodies  *bodies
	name    string        // the URL as it was given
	timeout time.Duration // for each wait
	port    string        // of every address
	addrs   []netip.Addr  // those not tried yet
	channel *loop.Channel // to the address being tried
	timer   *loop.Timer   // nil before the first address is tried
	request []byte        // all of it
	buffer  []byte        // of the request, what is still to be sent
	reply   response      // what has come
	came    int64         // bytes that have come, of the head too
	held    []byte        // of the body, what waits until the bodies before it are written
	ended   bool
	err     error
}

// prepare makes the request.
func (f *fetch) prepare() (host string, err error) {
	u, err := url.Parse(f.name)
	switch {
	case err != nil:
		return "", errors.Unwrap(err) // which leaves out the URL
	case u.Scheme != "http":
		return "", fmt.Errorf("scheme %q is not http", u.Scheme)
	case u.Hostname() == "":
		return "", errors.New("no host")
	case u.User != nil:
		return "", errors.New("a user's name is not supported")
	}
	u.RawQuery = strings.ReplaceAll(u.RawQuery, " ", "%20")
	if f.port = u.Port(); f.port == "" {
		f.port = "80"
	}
	req := http.Request{Method: http.MethodGet, URL: u, Close: true, Header: http.Header{
		"Accept": {"*/*"}, "User-Agent": {"millrace-httpget"},
	}}
	var b bytes.Buffer
	err = req.Write(&b)
	f.request = b.Bytes()
	return u.Hostname(), err
}

// lookUp looks up all names at once, each for at most timeout, before the loop begins: Channel.Connect would block it
// meanwhile. It returns when all have an answer.
func lookUp(fetches []*fetch, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var group sync.WaitGroup
	for _, f := range fetches {
		group.Go(func() {
			host, err := f.prepare()
			if err == nil {
				f.addrs, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host)
			}
			f.err = err
		})
	}
	group.Wait()
}

// start tries the first address, unless there is none.
func (f *fetch) start() {
	if f.err != nil {
		f.end()
		return
	}
	f.reply.init(f.body)
	f.timer = f.loop.After(f.timeout, f.onTimer)
	f.connect()
}

// connect tries the next address. What goes wrong at once goes the way of what goes wrong later: through HandleClose, while
// there is a channel.
func (f *fetch) connect() {
	addr := f.addrs[0].Unmap()
	f.addrs = f.addrs[1:]
	network := "tcp6"
	if addr.Is4() {
		network = "tcp4"
	}
	f.timer.Reset(f.timeout)
	f.err, f.buffer = nil, f.request
	if f.channel, f.err = f.loop.Socket(network, f); f.err != nil {
		f.end()
		return
	}
	if err := f.channel.Connect(net.JoinHostPort(addr.String(), f.port)); err != nil {
		f.fail(err)
	}
}

// HandleConnect implements loop.ConnectHandler.
func (f *fetch) HandleConnect(*loop.Channel) error {
	f.addrs = nil // the others are not needed
	f.timer.Reset(f.timeout)
	return nil
}

// Writable implements loop.Dispatcher.
func (f *fetch) Writable() bool { return len(f.buffer) > 0 }

// HandleWrite implements loop.Dispatcher.
func (f *fetch) HandleWrite(ch *loop.Channel) error {
	n, err := ch.Send(f.buffer)
	f.buffer = f.buffer[n:]
	return err
}

// Readable implements loop.Dispatcher. A body that would fill the memory while it waits for its turn is left to the
// kernel, and so to the server.
func (f *fetch) Readable() bool { return len(f.held) < maxHeld || f.bodies.turnOf(f) }

// HandleRead implements loop.Dispatcher.
func (f *fetch) HandleRead(ch *loop.Channel) error {
	p := f.bodies.buffer[:]
	n, err := ch.Recv(p)
	f.came += int64(n)
	if err == nil && n > 0 {
		f.timer.Reset(f.timeout)
		err = f.reply.feed(p[:n])
	}
	if err == nil && f.reply.done() {
		ch.Close()
	}
	return err
}

// body gets a piece of the body.
func (f *fetch) body(p []byte) error {
	if f.bodies.turnOf(f) {
		return f.bodies.write(p)
	}
	f.held = append(f.held, p...)
	return nil
}

// onTimer gives up, unless the waiting is this program's own: the body waits for its turn, or standard output has held up the
// loop, and there is something to read by now.
func (f *fetch) onTimer() {
	before := f.came
	if f.channel.Connected() && f.Readable() {
		if err := f.HandleRead(f.channel); err != nil {
			f.fail(err)
		}
	}
	if f.channel.Closed() {
		return
	}
	if f.channel.Connected() && (f.came > before || !f.Readable()) {
		f.timer.Reset(f.timeout)
		return
	}
	f.fail(fmt.Errorf("nothing came for %v: %w", f.timeout, os.ErrDeadlineExceeded))
}

// fail closes the channel for err.
func (f *fetch) fail(err error) {
	if f.err == nil {
		f.err = err
	}
	f.channel.Close()
}

// HandleClose implements loop.Dispatcher.
func (f *fetch) HandleClose(_ *loop.Channel, cause error) {
	if f.err == nil && !f.reply.done() {
		f.err = cause
		if errors.Is(cause, io.EOF) || cause == nil {
			f.err = f.reply.end()
		}
	}
	if f.err != nil && len(f.addrs) > 0 && f.bodies.err == nil {
		f.connect()
		return
	}
	f.end()
}

// end says how it ended.
func (f *fetch) end() {
	f.ended = true
	if f.timer != nil {
		f.timer.Stop()
	}
	if f.err != nil && f.bodies.err == nil {
		say(fmt.Sprintf("%s: %s", f.name, printable(f.err.Error())))
	}
	f.bodies.flush()
}
