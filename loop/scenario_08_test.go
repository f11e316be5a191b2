//go:build linux

package loop

import (
	"io"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/millrace-net/millrace/match"
)

// Scenario 8: connections of package net are adopted and forgotten, and the garbage collector runs. None of the
// finalizers of package os closes a descriptor that is the loop's, and the originals are closed at once, not when a
// finalizer comes to it.
func TestScenario08FinalizersCloseNothing(t *testing.T) {
	s := start(t, Options{Loops: 1})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	adopted := make(chan error, 1)
	var clients []*net.TCPConn
	for i := range 20 {
		clients = append(clients, dial(t, ln.Addr().String()))
		go func() { adopted <- adoptOf(s.Loops()[0], ln, i%2 == 0) }() // a stack of its own, which keeps nothing alive
		if err := wait(t, adopted); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		runtime.GC()
	}
	for i, nc := range clients {
		if _, err := io.WriteString(nc, "hello\r\n"); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 7)
		if _, err := io.ReadFull(nc, p); err != nil || string(p) != "hello\r\n" {
			t.Fatalf("connection %d echoes %q, %v", i, p, err)
		}
	}
}

// adoptOf accepts a connection and has the loop adopt it, by way of a file and back or not. The original must be
// closed then.
func adoptOf(l *Loop, ln net.Listener, viaFile bool) error {
	nc, err := ln.Accept()
	if err != nil {
		return err
	}
	if viaFile {
		if nc, err = again(nc); err != nil {
			return err
		}
	}
	if err := l.AdoptConn(nc, func(c *Conn) Handler {
		c.SetTerminator(match.CRLF)
		return HandlerFunc(echoLine)
	}); err != nil {
		return err
	}
	if _, err := nc.Write([]byte("x")); err == nil {
		return os.ErrExist
	}
	return nil
}

// again makes another connection of the same socket.
func again(nc net.Conn) (net.Conn, error) {
	defer nc.Close()
	f, err := nc.(*net.TCPConn).File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return net.FileConn(f)
}
