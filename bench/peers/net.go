package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
)

// serveNet serves each connection in a goroutine of its own, as everything on net does.
func serveNet(ctx context.Context, o *options, ready func(net.Addr)) error {
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { ln.Close() })
	ready(ln.Addr())
	serve := netHandler(o)
	for {
		c, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}

// netHandler returns the handler of the mode and form. The option that matters, TCP_NODELAY, net sets by itself.
func netHandler(o *options) func(net.Conn) {
	protocol := o.protocol()
	switch {
	case o.mode == modeEcho && o.best():
		return netEcho
	case o.mode == modeEcho:
		return netEchoCopy
	case o.best():
		return func(c net.Conn) { netBest(c, protocol()) }
	case o.mode == modeLine:
		return netPlainLines
	default:
		return func(c net.Conn) { netPlain(c, protocol()) }
	}
}

// netEcho writes what has been read.
func netEcho(c net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// netEchoCopy is the example in the documentation of net. On Linux it moves the data through a pipe within the kernel.
func netEchoCopy(c net.Conn) {
	_, _ = io.Copy(c, c) // the connection ends, one way or another
}

// netBest answers all elements of a read with one write: before it reads again, no element is whole any more.
func netBest(c net.Conn, p protocol) {
	r := bufio.NewReaderSize(c, maxElement)
	b := batch{protocol: p}
	for {
		data, _ := r.Peek(r.Buffered())
		reply, taken, last := b.replies(data)
		if len(reply) > 0 {
			if _, err := c.Write(reply); err != nil {
				return
			}
		}
		_, _ = r.Discard(taken)
		if last {
			return
		}
		if _, err := r.Peek(len(data) - taken + 1); err != nil {
			return
		}
	}
}

// netPlain answers each element by itself.
func netPlain(c net.Conn, p protocol) {
	r := bufio.NewReaderSize(c, maxElement)
	for {
		data, _ := r.Peek(r.Buffered())
		reply, taken, last := p.next(data)
		if len(reply) > 0 {
			if _, err := c.Write(reply); err != nil {
				return
			}
		}
		_, _ = r.Discard(taken)
		if last {
			return
		}
		if taken == 0 {
			if _, err := r.Peek(len(data) + 1); err != nil {
				return
			}
		}
	}
}

// netPlainLines answers each line by itself, and reads it as most would: with a new piece of memory.
func netPlainLines(c net.Conn) {
	r := bufio.NewReader(c)
	var line []byte
	for {
		part, err := r.ReadBytes('\n')
		if err != nil {
			return
		}
		line = append(line, part...)
		if !bytes.HasSuffix(line, []byte("\r\n")) {
			continue // a lone LF does not end a line
		}
		if _, err := c.Write(line); err != nil {
			return
		}
		line = nil
	}
}
