//go:build linux

package main

import (
	"bufio"
	"fmt"
	"net"
	"strings"
)

const (
	mostSaid     = 20  // lines of a visit
	mostSaidLine = 400 // bytes
)

// talkChat has a speaker, behind the proxy, say lines, and a listener hear them.
func talkChat(c *conversation, addr string) error {
	ear, err := c.dial(addr)
	if err != nil {
		return err
	}
	room := bufio.NewReader(ear)
	if err := enter(ear, room, "l-"+c.id); err != nil {
		return err
	}
	speaker := "s-" + c.id
	said := make([]string, 1+c.rng.IntN(mostSaid))
	for i := range said {
		said[i] = string(slice(c.rng, letters, 1+magnitude(c.rng, mostSaidLine)))
	}
	heard := make(chan hearing, 1)
	go func() { heard <- listen(room, speaker) }()
	spoke := speak(c, addr, speaker, said)
	if spoke != nil { // the room may never hear that somebody has left whom a fault has kept from coming
		if _, err := fmt.Fprint(ear, "/who\n"); err != nil {
			return err
		}
	}
	h := <-heard
	if err := h.check(said, spoke == nil); err != nil {
		return err
	}
	if spoke != nil {
		return spoke
	}
	c.answers += len(said)
	return leave(ear, room)
}

// enter waits for the welcome and goes in.
func enter(nc *net.TCPConn, room *bufio.Reader, name string) error {
	line, err := room.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "* welcome") {
		return wrong("%q is no welcome", line)
	}
	if _, err := fmt.Fprintf(nc, "%s\n", name); err != nil {
		return err
	}
	return await(room, "* hello "+name+":")
}

// await reads lines until one begins like this. The others are the room's.
func await(room *bufio.Reader, prefix string) error {
	for {
		line, err := room.ReadString('\n')
		if err != nil {
			return err
		}
		if strings.HasPrefix(line, prefix) {
			return nil
		}
	}
}

// leave says goodbye and is told so.
func leave(nc *net.TCPConn, room *bufio.Reader) error {
	if _, err := fmt.Fprint(nc, "/quit\r\n"); err != nil {
		return err
	}
	if err := await(room, "* goodbye\n"); err != nil {
		return err
	}
	return expectEnd(room)
}

// speak says the lines, every fourth as a deed.
func speak(c *conversation, addr, name string, said []string) error {
	mouth, err := c.dialThrough(addr)
	if err != nil {
		return err
	}
	room := bufio.NewReader(mouth)
	if err := enter(mouth, room, name); err != nil {
		return err
	}
	for i, line := range said {
		form := "%s\r\n"
		if i%4 == 3 {
			form = "/me %s\n"
		}
		if _, err := fmt.Fprintf(mouth, form, line); err != nil {
			return err
		}
	}
	return leave(mouth, room)
}

// hearing is what a listener has heard of one speaker.
type hearing struct {
	lines []string
	err   error
}

// listen hears a speaker until it has left, or until the answer to /who.
func listen(room *bufio.Reader, speaker string) (h hearing) {
	for {
		line, err := room.ReadString('\n')
		if err != nil {
			h.err = err
			return h
		}
		line = strings.TrimSuffix(line, "\n")
		for _, form := range []string{"<" + speaker + "> ", "** " + speaker + " "} {
			if text, ok := strings.CutPrefix(line, form); ok {
				h.lines = append(h.lines, text)
			}
		}
		notice, own := strings.CutPrefix(line, "* "+speaker+" ")
		if own && notice != "has joined" || strings.HasPrefix(line, "* ") && strings.Contains(line, " here: ") {
			return h
		}
	}
}

// check compares what was heard with what was said. Of a speaker that was cut off the last line may be cut short.
func (h *hearing) check(said []string, whole bool) error {
	if h.err != nil {
		return fmt.Errorf("the listener, who is behind no proxy: %w: %w", errWrong, h.err)
	}
	if len(h.lines) > len(said) || whole && len(h.lines) != len(said) {
		return wrong("%d lines were heard, and %d said", len(h.lines), len(said))
	}
	for i, line := range h.lines {
		last := !whole && i == len(h.lines)-1
		// A line that was cut between CR and LF ends with the CR, which the room makes a question mark.
		if line != said[i] && !(last && strings.HasPrefix(said[i]+"?", line)) {
			return wrong("%.100q was heard, and %.100q said", line, said[i])
		}
	}
	return nil
}
