//go:build linux

package chat

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-net/millrace/loop"
)

// Every reader gets every line of every sender once, and those of one sender in order.
func TestEverybodyHearsEverything(t *testing.T) {
	const members, lines = 50, 60
	s := serve(t, 4, 1<<20)
	clients := make([]*client, members)
	for i := range clients {
		clients[i] = s.join(fmt.Sprintf("m%d", i))
	}
	s.check()
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for n := range lines {
				if _, err := fmt.Fprintf(c.conn, "%d %s\n", n, strings.Repeat("x", n*7%200)); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		go func() {
			defer wg.Done()
			hear(t, c, i, members, lines)
		}()
	}
	wg.Wait()
	s.check()
}

// hear reads lines lines of every member but the me-th, in each one's order.
func hear(t *testing.T, c *client, me, members, lines int) {
	heard := make([]int, members)
	for left := (members - 1) * lines; left > 0; {
		got := c.next()
		if strings.HasPrefix(got, "* ") {
			continue // somebody has joined
		}
		var from, n int
		if _, err := fmt.Sscanf(got, "<m%d> %d ", &from, &n); err != nil {
			t.Errorf("member %d got %q, %d lines to come: %v", me, got, left, err)
			return
		}
		want := fmt.Sprintf("<m%d> %d %s", from, heard[from], strings.Repeat("x", heard[from]*7%200))
		if from == me || got != want {
			t.Errorf("member %d got %q, want %q", me, got, want)
			return
		}
		heard[from]++
		left--
	}
}

// A reader that does not read is put out; one that keeps up loses nothing meanwhile.
func TestSlowReaderIsPutOut(t *testing.T) {
	for _, loops := range []int{1, 2} {
		t.Run(fmt.Sprint(loops, " loops"), func(t *testing.T) {
			s := serve(t, loops, MinQueue)
			witness, sender := s.join("witness"), s.join("sender")
			witness.want("* sender has joined")
			slow := s.join("slow")
			sender.want("* slow has joined")
			witness.want("* slow has joined")

			const burst, mostBytes = 16, 64 << 20 // far beyond what the kernel buffers
			text := strings.Repeat("y", 1000)
			evicted := false
			for n := 0; !evicted && n*len(text) < mostBytes; {
				for i := range burst {
					sender.send(fmt.Sprintf("%d %s\n", n+i, text))
				}
				for last := n + burst; n < last; {
					got := witness.next()
					if got == "* slow was too slow" && !evicted {
						evicted = true
						continue
					}
					if want := fmt.Sprintf("<sender> %d %s", n, text); got != want {
						t.Fatalf("got %.40q, want %.40q", got, want)
					}
					n++
				}
			}
			if !evicted {
				witness.want("* slow was too slow")
			}
			sender.want("* slow was too slow")
			s.check()
			sender.send("/who\n")
			sender.want("* 2 here: sender, witness")
			if len(slow.next()) == 0 {
				t.Error("the slow reader got nothing of what the kernel had taken")
			}
		})
	}
}

// While a loop is busy, what is said to its members waits in a bounded link, and the sender waits; nothing is lost.
func TestSenderWaitsForBusyLoop(t *testing.T) {
	s := serve(t, 2, 8<<20)
	reader, sender := s.join("reader"), s.join("sender")
	reader.want("* sender has joined")
	here, there := hallOf(t, s, "sender"), hallOf(t, s, "reader")
	if here == there {
		t.Fatal("both on one loop")
	}
	busy := make(chan struct{})
	if err := there.loop.Post(func() { <-busy }); err != nil {
		t.Fatal(err)
	}
	const lines = 2000
	text := strings.Repeat("z", 1000)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for n := range lines {
			if _, err := fmt.Fprintf(sender.conn, "%d %s\n", n, text); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for held := 0; held == 0; {
		if err := s.on(here.loop, func() error {
			held = len(here.held)
			for _, k := range here.links {
				if k != nil && len(k.pending) > fullBytes+MaxLine+MaxName+8 {
					return fmt.Errorf("%d bytes wait in a link", len(k.pending))
				}
			}
			return here.check()
		}); err != nil {
			t.Error(err)
			break
		}
	}
	close(busy)
	for n := range lines {
		reader.want(fmt.Sprintf("<sender> %d %s", n, text))
	}
	<-sent
	s.check()
	if err := s.on(here.loop, func() error {
		if len(here.held) != 0 {
			return fmt.Errorf("%d members held still", len(here.held))
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// hallOf returns the hall that the member called name is in.
func hallOf(t *testing.T, s *server, name string) (found *hall) {
	for _, h := range *s.room.halls.Load() {
		if err := s.on(h.loop, func() error {
			for _, m := range h.members {
				if m.name == name {
					found = h
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if found == nil {
		t.Fatalf("%s is in no hall", name)
	}
	return found
}

// At a shutdown everybody, in the room or not yet, gets a goodbye and the end of the stream.
func TestShutdownSaysGoodbye(t *testing.T) {
	s := serve(t, 3, DefaultQueue)
	var clients []*client
	for i := range 9 {
		clients = append(clients, s.join(fmt.Sprintf("m%d", i)))
	}
	clients = append(clients, s.dial())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stop()
	}()
	for i, c := range clients {
		got := c.next()
		for strings.HasSuffix(got, "has joined") {
			got = c.next()
		}
		if got != "* the room is closing, goodbye" {
			t.Errorf("client %d got %q", i, got)
		}
		if rest := c.next(); rest != "" {
			t.Errorf("client %d got %q after the goodbye", i, rest)
		}
		c.conn.Close()
	}
	<-stopped
}

// Who is gone because the room closes is no news to those who are still there.
func TestShutdownTellsOfNobody(t *testing.T) {
	s := serve(t, 2, DefaultQueue)
	ann, bob := s.join("ann"), s.join("bob")
	ann.want("* bob has joined")
	here, there := hallOf(t, s, "ann"), hallOf(t, s, "bob")
	if here == there {
		t.Fatal("both on one loop")
	}
	// Bob's loop is busy from before the shutdown on, so that it hears of ann before it says goodbye.
	begun, busy := make(chan struct{}), make(chan struct{})
	if err := there.loop.Post(func() { close(begun); <-busy }); err != nil {
		t.Fatal(err)
	}
	<-begun
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stop()
	}()
	ann.want("* the room is closing, goodbye", "")
	ann.conn.Close()
	for here.loop.Post(func() {}) == nil { // until that loop has ended, and has said all that it says
		time.Sleep(time.Millisecond)
	}
	close(busy)
	bob.want("* the room is closing, goodbye", "")
	bob.conn.Close()
	<-stopped
}

// Under options made for something else the room keeps to its longest line, and to its patience with one.
func TestOtherOptions(t *testing.T) {
	s := serveUnder(t, loop.Options{Loops: 2, Balance: loop.LeastConns, ElementTimeout: 20 * time.Millisecond})
	ann, bob := s.join("ann"), s.join("bob")
	ann.want("* bob has joined")
	bob.send(strings.Repeat("l", MaxLine+1) + "\nhel")
	bob.want(strings.TrimSuffix(tooLong, "\n"))
	time.Sleep(200 * time.Millisecond) // ten times what the options allow
	bob.send("lo\n")
	ann.want("<bob> hello")
}
