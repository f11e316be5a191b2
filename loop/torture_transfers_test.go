//go:build linux

package loop

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// A loop connects, to a server and to nobody.
func playDial(r *run) {
	fd, address, err := bareListener(true)
	if err != nil {
		r.problem("%v", err)
		return
	}
	text, answer := string(counted(3000)), numbered(3, 100)
	h, w := r.watch(&hooks{opened: func(c *Conn) error { return c.PushString(text) }})
	collected := []byte{}
	receive := h.receive
	h.receive = func(c *Conn, data []byte, found bool) error {
		collected = append(collected, data...)
		return receive(c, data, found)
	}
	r.end(fd, "").accepts = func(fd int) {
		r.carry("to the server", r.end(fd, answer), text, w)
	}
	r.streams = append(r.streams, stream{"from the server", []byte(answer), &collected, w, ""})
	r.refuse(r.l.Dial("tcp", address, func(*Conn) Handler { return h }))

	bound, nobody, err := bareListener(false)
	if err != nil {
		r.problem("%v", err)
		return
	}
	r.end(bound, "").deaf = true
	lost, refused := r.watch(&hooks{})
	r.refuse(r.l.Dial("tcp", nobody, func(*Conn) Handler { return lost }))
	r.owed = append(r.owed, func() error {
		if refused.opens != 0 || refused.closes != 1 || !errors.Is(refused.cause, unix.ECONNREFUSED) {
			return fmt.Errorf("nobody listens: opened %d times, closed %d times: %v", refused.opens, refused.closes, refused.cause)
		}
		return nil
	})
	r.pump(func() bool { return w.closes > 0 && r.settled() })
}

// Bytes go from one connection to another in the kernel, between what is pushed.
func playRelay(r *run) {
	body := string(counted(12000))
	var to *Conn
	dst, wTo := r.watch(&hooks{})
	out := r.pair(4<<10, "", dst, func(c *Conn) { to = c })
	out.stays, out.gulp = true, 3000
	r.carry("relayed", out, "<"+body+">", wTo)
	var moved int64 = -1
	var doneErr error
	after := []byte{}
	src, wFrom := r.watch(&hooks{receive: func(c *Conn, line []byte, _ bool) error {
		if string(line) != "go" {
			after = append(after, line...)
			return nil
		}
		if to == nil {
			return ErrClosed
		}
		err := to.PushString("<")
		if err == nil {
			err = c.Relay(to, int64(len(body)), func(n int64, err error) { moved, doneErr = n, err })
		}
		if err != nil {
			to.CloseCause(err)
			return err
		}
		err = to.PushString(">")
		to.CloseWhenDone()
		return err
	}})
	in := r.pair(0, "go\r\n"+body+"after\r\n", src, func(c *Conn) { c.SetTerminator(match.CRLF) })
	in.chunk = 5000
	r.streams = append(r.streams, stream{"behind the relay", []byte("after"), &after, wFrom, ""})
	r.owed = append(r.owed, func() error {
		if moved != int64(len(body)) || doneErr != nil {
			return fmt.Errorf("done said %d, %v", moved, doneErr)
		}
		return nil
	})
	r.pump(r.settled)
}

// A connection leaves the loop, with what was received and not delivered.
func playDetach(r *run) {
	const rest = "what another reads"
	away := &endpoint{fd: -1, stays: true}
	h, w := r.watch(&hooks{receive: func(c *Conn, line []byte, _ bool) error {
		if string(line) != "leave" {
			return echoEnded(c, line, true)
		}
		return c.Detach(func(fd int, held []byte) {
			away.fd, away.got = fd, held
			r.endpoints = append(r.endpoints, away)
		})
	}})
	text := numbered(3, 1000)
	e := r.pair(4<<10, text+"leave\r\n"+rest, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	e.chunk = 1500
	r.carry("echo", e, text, w)
	r.carry("rest", away, rest, w)
	r.pump(r.settled)
}

// A connection of package net comes to the loop.
func playAdopt(r *run) {
	fd, address, err := bareListener(true)
	if err != nil {
		r.problem("%v", err)
		return
	}
	text := numbered(5, 300)
	h, w := r.watch(&hooks{receive: echoEnded})
	r.end(fd, "").accepts = func(fd int) { r.carry("echo", r.end(fd, text), text, w) }
	nc, err := net.Dial("tcp", address)
	if err != nil {
		r.problem("%v", err)
		return
	}
	r.refuse(r.l.AdoptConn(nc, func(c *Conn) Handler { c.SetTerminator(match.CRLF); return h }))
	r.pump(func() bool { return len(r.endpoints) > 1 && r.settled() })
}

// Other goroutines post and push. Each ends before the loop goes on, so that the order is the same in each run.
func playMailbox(r *run) {
	var conn *Conn
	var resume func(func(c *Conn)) error
	posted := 0
	h, w := r.watch(&hooks{receive: func(c *Conn, line []byte, _ bool) error {
		if string(line) == "wait" {
			resume = c.Suspend()
			return nil
		}
		return echoEnded(c, line, true)
	}})
	e := r.pair(0, "wait\r\nthen\r\n", h, func(c *Conn) { c.SetTerminator(match.CRLF); conn = c })
	e.stays = true
	r.carry("pushed", e, "1 2 resumed then\r\n3 "+string(counted(5000)), w)
	elsewhere := func(f func() error) {
		done := make(chan error)
		go func() { done <- f() }()
		r.refuse(<-done)
	}
	if !r.pump(func() bool { return resume != nil || w.closes > 0 }) || conn == nil || resume == nil {
		return
	}
	elsewhere(func() error {
		return errors.Join(r.l.Post(func() { posted++ }), conn.PushAsync([]byte("1 ")),
			conn.Post(func(c *Conn) { c.PushString("2 ") }), r.l.Post(func() { posted++ }))
	})
	r.pump(func() bool { return posted == 2 })
	elsewhere(func() error { return resume(func(c *Conn) { c.PushString("resumed ") }) })
	r.pump(func() bool { return strings.HasSuffix(string(e.got), "then\r\n") || w.closes > 0 })
	elsewhere(func() error {
		return errors.Join(conn.PushAsync([]byte("3 ")), conn.PushAsync(counted(5000)),
			conn.Post(func(c *Conn) { c.CloseWhenDone() }))
	})
	r.always = append(r.always, func() error {
		if posted != 2 {
			return fmt.Errorf("of 2 functions that were posted %d ran", posted)
		}
		return nil
	})
	r.pump(r.settled)
}

// A listener that closes serves those who wait in its queue.
func playListenerClose(r *run) {
	ln, ok := r.listen("tcp", "127.0.0.1:0", func(c *Conn) *hooks { return lines(c, echoEnded) })
	if !ok {
		return
	}
	for i := range 4 {
		text := numbered(i+1, 50)
		r.carry("queued", r.client(ln, text), text, nil)
	}
	if r.in.fault.call == "" || r.in.fault.k%2 == 0 { // else it closes before it has begun
		r.poll()
		e := r.client(ln, "late\r\n")
		r.carry("queued", e, "late\r\n", nil)
	}
	// Its last accept takes EAGAIN for the end of the queue.
	r.excused = r.in.fault.call == "Accept" && r.in.fault.outcome.Errno == unix.EAGAIN
	ln.Close()
	r.pump(r.settled)
}

// A listener is closed while there is no room: it waits, and gives up.
func playCrowdedClose(r *run) {
	room := r.l.opts.MaxConns
	r.l.opts.MaxConns = 1
	defer func() { r.l.opts.MaxConns = room }()
	ln, ok := r.listen("tcp", "127.0.0.1:0", func(c *Conn) *hooks { return lines(c, echoEnded) })
	if !ok {
		return
	}
	text := numbered(3, 50)
	in := r.client(ln, text)
	in.stays = true
	r.carry("accepted", in, text, nil)
	r.pump(func() bool { return len(in.got) == len(text) || in.over() })
	queued := r.client(ln, "never\r\n")
	ln.Close()
	if !r.pump(func() bool { return r.l.channelCount() == 0 }) && r.broken == 0 {
		r.problem("the listener does not give up")
	}
	r.pump(func() bool { return queued.over() })
	in.stays = false
	r.pump(r.settled)
}

// A loop that quits lets its connections end.
func playShutdown(r *run) {
	h, w := r.watch(&hooks{receive: echoEnded})
	text := numbered(4, 700)
	e := r.pair(4<<10, text, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	e.stays = true
	r.carry("echo", e, text, w)
	ln, ok := r.listen("tcp", "127.0.0.1:0", func(c *Conn) *hooks { return lines(c, echoEnded) })
	if ok {
		queued := r.client(ln, text)
		r.carry("queued", queued, text, nil)
		queued.stays = true
	}
	for _, e := range r.endpoints {
		e.step() // all is sent before
	}
	// EAGAIN says that nothing was sent, or that nobody waits.
	r.excused = r.in.fault.outcome.Errno == unix.EAGAIN && (r.in.fault.call == "Read" || r.in.fault.call == "Accept")
	r.poll()
	r.l.beginQuit(0)
	r.pump(func() bool { return r.l.ended() && r.settled() })
	r.l.drain.asked = false // a fresh connection is to be served
}

// Elements that are longer than a quarter of the ring keep it, or get one of their own.
func playLarge(r *run) {
	h, w := r.watch(&hooks{receive: echoEnded})
	text := ""
	for _, n := range []int{5000, 100, 12000, 20000} {
		text += string(counted(n)) + "\r\n"
	}
	e := r.pair(8<<10, text, h, func(c *Conn) { c.SetTerminator(match.CRLF) })
	e.chunk = 6000
	r.carry("echo", e, text, w)
	r.pump(r.settled)
}

// Peers reset their connections: one that is read, one that is paused, one that is paused with output that does not leave.
func playReset(r *run) {
	told, flood := 0, make([]byte, 8<<20)
	ln, ok := r.listen("tcp", "127.0.0.1:0", func(c *Conn) *hooks {
		return lines(c, func(c *Conn, line []byte, _ bool) error {
			told++
			if string(line) == "stay" {
				return nil
			}
			c.Pause()
			if string(line) == "flood" {
				return c.PushOwned(flood, nil)
			}
			return nil
		})
	})
	if !ok {
		return
	}
	clients := []*endpoint{r.client(ln, "stay\r\n"), r.client(ln, "pause\r\n"), r.client(ln, "flood\r\n")}
	for _, e := range clients {
		e.stays, e.deaf = true, true
	}
	r.pump(func() bool { return told == len(clients) || r.in.now() > int64(time.Hour+time.Second) })
	for _, e := range clients {
		_ = unix.SetsockoptLinger(e.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		e.close()
	}
	r.owed = append(r.owed, func() error {
		for i, w := range r.witnesses {
			if w.closes != 1 || w.cause == nil {
				return fmt.Errorf("connection %d was closed %d times: %v", i, w.closes, w.cause)
			}
		}
		if len(r.witnesses) != len(clients) {
			return fmt.Errorf("%d connections came of %d", len(r.witnesses), len(clients))
		}
		return nil
	})
	r.pump(r.closed)
}
