//go:build linux

package loop_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// serveLines echoes lines, with package net and a goroutine for each client.
func serveLines(ln net.Listener) error {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer nc.Close()
			lines, out := bufio.NewScanner(nc), bufio.NewWriter(nc)
			for lines.Scan() {
				out.Write(lines.Bytes())
				out.WriteString("\r\n")
				if out.Flush() != nil {
					return
				}
			}
		}()
	}
}

// lineEcho echoes lines, on a loop.
type lineEcho struct{}

func newLineEcho(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.CRLF)
	return lineEcho{}
}

func (lineEcho) Receive(c *loop.Conn, line []byte, found bool) error {
	c.Push(line)
	return c.PushString("\r\n")
}

// talk is a client of package net: it sends request, ends its side, and returns the reply.
func talk(address, request string) string {
	nc, err := net.Dial("tcp", address)
	must(err)
	defer nc.Close()
	_, err = io.WriteString(nc, request)
	must(err)
	must(nc.(*net.TCPConn).CloseWrite())
	reply, err := io.ReadAll(nc)
	must(err)
	return string(reply)
}

// One server of lines in two forms: a goroutine for each client that blocks in its reads and writes, and a handler that is
// called with each line.
func Example_portOfLineServer() {
	const request = "one\r\n\r\ntwo, unfinished"
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	var serving sync.WaitGroup
	serving.Go(func() { _ = serveLines(ln) }) // it ends with the listener
	fmt.Printf("%q\n", talk(ln.Addr().String(), request))
	must(ln.Close())
	serving.Wait()

	fmt.Printf("%q\n", converse(newLineEcho, request))
	// Output:
	// "one\r\n\r\ntwo, unfinished\r\n"
	// "one\r\n\r\ntwo, unfinished\r\n"
}
