//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

const (
	lorises     = 10                     // connections of a slow-loris
	lorisPause  = 150 * time.Millisecond // between its bytes
	deafTime    = 2 * time.Second        // without a read
	floodConns  = 60
	endlessSize = 200 << 10 // bytes without a terminator
)

// protocol is what is needed to abuse a service.
type protocol struct {
	ask    string // a request
	answer string // what its answer contains
	amid   string // the start of an element
	deaf   []byte // requests whose answers are more than sockets hold
}

var protocols = map[string]protocol{
	"http": {"GET /hello HTTP/1.1\r\nHost: soak\r\n\r\n", helloBody, "GET /hello HTTP/1.1\r\nHost: so", manyEchoes()},
	"resp": {"PING\r\n", "+PONG\r\n", "*2\r\n$3\r\nGET\r\n$1000\r\nxxx", manyGets()},
	"chat": {"nobody-%s\n/who\n", " here: ", "somebo", []byte("deaf-%s\n" + strings.Repeat("/who\n", 50_000))},
	"smtp": {"NOOP\r\n", "250 nothing done\r\n", "EHLO so", bytes.Repeat([]byte("NOOP\r\n"), 100_000)},
	"ftp":  {"NOOP\r\n", "200 nothing done\r\n", "USER an", bytes.Repeat([]byte("NOOP\r\n"), 100_000)},
}

// manyEchoes are requests with long bodies.
func manyEchoes() []byte {
	one := append([]byte("POST /echo HTTP/1.1\r\nHost: soak\r\nContent-Length: 1000000\r\n\r\n"), binary[:1_000_000]...)
	return bytes.Repeat(one, 10)
}

// manyGets asks for a long value often.
func manyGets() []byte {
	set := command(nil, "SET", "deaf", string(binary[:1_000_000]), "EX", "5")
	return append(set, bytes.Repeat(command(nil, "GET", "deaf"), 14)...)
}

// abuses are what abusers do to a service; errors are those that the server is to blame for.
var abuses = []struct {
	name string
	do   func(c *conversation, addr string, p protocol) error
}{
	{"slow-loris", slowLoris}, {"deaf", deaf}, {"reset-amid", resetAmid},
	{"endless", endless}, {"flood", flood}, {"half-open", halfOpen},
}

// slowLoris sends an element on each of many connections, never to its end.
func slowLoris(c *conversation, addr string, p protocol) error {
	all := make([]*net.TCPConn, lorises)
	for i := range all {
		var err error
		if all[i], err = c.dial(addr); err != nil {
			return err
		}
	}
	for i := range len(p.amid) {
		for _, nc := range all {
			_, _ = nc.Write([]byte{p.amid[i]}) // cut off is as good
		}
		time.Sleep(lorisPause)
	}
	closeMixed(all)
	return nil
}

// deaf asks for much and reads nothing.
func deaf(c *conversation, addr string, p protocol) error {
	nc, err := c.dial(addr)
	if err != nil {
		return err
	}
	until := time.Now().Add(deafTime)
	_ = nc.SetWriteDeadline(until)
	_, _ = nc.Write(bytes.ReplaceAll(p.deaf, []byte("%s"), []byte(c.id))) // it is to fail
	time.Sleep(time.Until(until))
	reset(nc)
	return nil
}

// resetAmid resets amid an element.
func resetAmid(c *conversation, addr string, p protocol) error {
	nc, err := c.dial(addr)
	if err != nil {
		return err
	}
	_, _ = nc.Write([]byte(p.amid)) // cut off is as good
	time.Sleep(time.Duration(c.rng.Int64N(int64(5 * time.Millisecond))))
	reset(nc)
	return nil
}

// endless sends an element that does not end. Whatever the answer is, the server has to read or to refuse all of it, and
// to end its side then.
func endless(c *conversation, addr string, _ protocol) error {
	nc, err := c.dial(addr)
	if err != nil {
		return err
	}
	sent := send(nc, slice(c.rng, letters, 1<<15))
	for n := 0; n < endlessSize; n += 1 << 15 {
		if err = <-sent; err != nil {
			break
		}
		sent = send(nc, slice(c.rng, letters, 1<<15))
	}
	_ = nc.CloseWrite()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		_, err = io.Copy(io.Discard, nc)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.Join(errors.New("the server does not end its side"), err)
	}
	return nil // a reset is an answer too
}

// flood opens many connections at once, and wants nothing of them.
func flood(c *conversation, addr string, _ protocol) error {
	all := make([]*net.TCPConn, floodConns)
	for i := range all {
		var err error
		if all[i], err = c.dial(addr); err != nil {
			return err
		}
	}
	closeMixed(all)
	return nil
}

// halfOpen asks, ends its side, and is owed the answer all the same; then it lets the connection stand for a while.
func halfOpen(c *conversation, addr string, p protocol) error {
	nc, err := c.dial(addr)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(nc, strings.ReplaceAll(p.ask, "%s", c.id)); err != nil {
		return err
	}
	if err := nc.CloseWrite(); err != nil {
		return err
	}
	got, err := io.ReadAll(nc)
	if !bytes.Contains(got, []byte(p.answer)) {
		return errors.Join(fmt.Errorf("%.200q does not contain %q", got, p.answer), err)
	}
	time.Sleep(time.Duration(c.rng.Int64N(int64(time.Second))))
	return err
}

// closeMixed closes every second connection with a reset.
func closeMixed(all []*net.TCPConn) {
	for i, nc := range all {
		if i%2 == 0 {
			reset(nc)
		} else {
			_ = nc.Close()
		}
	}
}
