//go:build linux

package chat

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// Each step is one line of bob's, what he is answered, and what ann, on the same loop or another, hears.
var dialogue = []struct{ line, bob, ann string }{
	{"", badName, ""},
	{"bob smith", badName, ""},
	{"/quit", badName, ""},
	{"*bob", badName, ""},
	{"<bob", badName, ""},
	{"bob\x1b", badName, ""},
	{"b\u00f6b", badName, ""},
	{strings.Repeat("b", MaxName+1), badName, ""},
	{"ann", "* ann is taken", ""},
	{"bob", hello("bob"), "* bob has joined"},
	{"hi", "", "<bob> hi"},
	{"", "", ""},
	{" two  spaces ", "", "<bob>  two  spaces "},
	{"tab\tand \x1b[2J\rbell\a\x7f", "", "<bob> tab\tand ?[2J?bell??"},
	{"\u00fcmlaut", "", "<bob> \u00fcmlaut"},
	{"/who", "* 2 here: ann, bob", ""},
	{"/me waves", "", "** bob waves"},
	{"/me", "", ""},
	{"/nick ann", "* ann is taken", ""},
	{"/nick", badName, ""},
	{"/nick bob", "* bob is taken", ""},
	{"/nick rob", "* you are now rob", "* bob is now rob"},
	{"* ann has left", "", "<rob> * ann has left"},
	{"/nick bob", "* you are now bob", "* rob is now bob"},
	{"/no such", "* no such command: there are /who, /nick NAME, /me TEXT, /quit", ""},
	{"/quitter", "* no such command: there are /who, /nick NAME, /me TEXT, /quit", ""},
	{strings.Repeat("l", MaxLine), "", "<bob> " + strings.Repeat("l", MaxLine)},
	{strings.Repeat("l", MaxLine+1), strings.TrimSuffix(tooLong, "\n"), ""},
	{strings.Repeat("l", 10*MaxLine), strings.TrimSuffix(tooLong, "\n"), ""},
	{"still here", "", "<bob> still here"},
	{"/quit", "* goodbye", "* bob has left"},
}

const badName = "* nicknames are 1 to 32 printable ASCII bytes without a space, not beginning with / * or <"

func hello(name string) string {
	return "* hello " + name + ": /who, /nick NAME, /me TEXT, /quit; all else goes to the room"
}

func TestDialogue(t *testing.T) {
	for _, end := range []string{"\n", "\r\n"} {
		for _, loops := range []int{1, 2} {
			t.Run(fmt.Sprintf("%d loops, %q", loops, end), func(t *testing.T) {
				s := serve(t, loops, DefaultQueue)
				ann, bob := s.join("ann"), s.dial()
				for _, step := range dialogue {
					bob.send(step.line + end)
					if step.bob != "" {
						bob.want(step.bob)
					}
					if step.ann != "" {
						ann.want(step.ann)
					}
					s.check()
				}
				if got := bob.next(); got != "" {
					t.Errorf("bob got %q after the goodbye", got)
				}
				bob.conn.Close()
				ann.send("/who\n")
				ann.want("* 1 here: ann")
			})
		}
	}
}

// The lines are the same wherever the stream is cut.
func TestSplitAnywhere(t *testing.T) {
	long := strings.Repeat("l", MaxLine+1)
	stream := "bob\r\nhi\n\r\n/me waves\r\n" + long + "\r\na\r \rb\r\nrest"
	heard := []string{"* bob has joined", "<bob> hi", "** bob waves", "<bob> a? ?b", "<bob> rest", "* bob has left"}
	s := serve(t, 2, DefaultQueue)
	ann := s.join("ann")
	var cuts [][]int
	middle := strings.Index(stream, long) + 4
	for at := range len(stream) {
		if at < middle || at > middle+MaxLine-8 { // within the long line one place is like the next
			cuts = append(cuts, []int{at})
		}
	}
	for at := range middle - 4 { // three pieces, around every byte
		cuts = append(cuts, []int{at, at + 1})
	}
	for _, cut := range cuts {
		bob := s.dial()
		from := 0
		for _, at := range append(cut, len(stream)) {
			bob.send(stream[from:at])
			if err := s.settle(); err != nil { // the piece has been read, most likely
				t.Fatal(err)
			}
			from = at
		}
		if err := bob.conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		bob.want(hello("bob"), strings.TrimSuffix(tooLong, "\n"), "")
		bob.conn.Close()
		for _, want := range heard {
			if got := ann.next(); got != want {
				t.Fatalf("cut at %d: got %.60q, want %.60q", cut, got, want)
			}
		}
	}
	s.check()
}

// settle has every loop take a turn.
func (s *server) settle() error {
	for _, l := range s.set.Loops() {
		if err := s.on(l, func() error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// One byte at a time.
func TestDribble(t *testing.T) {
	s := serve(t, 2, DefaultQueue)
	ann, bob := s.join("ann"), s.dial()
	for _, b := range []byte("bob\r\nh\ri\r\n/nick rob\n/quit\r\n") {
		bob.send(string(b))
		if err := s.settle(); err != nil {
			t.Fatal(err)
		}
	}
	bob.want(hello("bob"), "* you are now rob", "* goodbye", "")
	ann.want("* bob has joined", "<bob> h?i", "* bob is now rob", "* rob has left")
}

// A name is free again however its owner went.
func TestLeaving(t *testing.T) {
	for _, way := range []struct {
		name  string
		leave func(c *client)
		heard string
	}{
		{"quit", func(c *client) { c.send("/quit\n"); c.want("* goodbye") }, "* bob has left"},
		{"end of stream", func(c *client) { c.conn.(*net.TCPConn).CloseWrite() }, "* bob has left"},
		{"reset", func(c *client) { c.conn.(*net.TCPConn).SetLinger(0) }, "* bob has lost the connection"},
	} {
		t.Run(way.name, func(t *testing.T) {
			s := serve(t, 2, DefaultQueue)
			ann := s.join("ann")
			for range 3 {
				bob := s.join("bob")
				ann.want("* bob has joined")
				way.leave(bob)
				bob.conn.Close()
				ann.want(way.heard)
			}
			s.check()
		})
	}
}
