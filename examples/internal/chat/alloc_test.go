// Under the race detector the eventfd's calls allocate their argument, so the count is not the code's own.

//go:build linux && !race

package chat

import (
	"bytes"
	"io"
	"testing"
)

// A line, to a member on the same loop and to members on another, allocates nothing in the room. From socket to socket it
// may cost one allocation a reader: the loop's queue for output that another connection caused.
func TestLineAllocatesNothing(t *testing.T) {
	s := serve(t, 2, DefaultQueue)
	var clients []*client
	for _, name := range []string{"a", "b", "c", "d"} {
		c := s.join(name)
		for _, earlier := range clients {
			earlier.want("* " + name + " has joined")
		}
		clients = append(clients, c)
	}
	line, want := []byte("how are you?\r\n"), []byte("<a> how are you?\n")
	got := make([]byte, len(want))
	exchange := func() {
		if _, err := clients[0].conn.Write(line); err != nil {
			t.Error(err)
		}
		for _, c := range clients[1:] {
			if _, err := io.ReadFull(c.conn, got); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %q, %v", got, err)
			}
		}
	}
	for range 100 { // buffers grow to their size
		exchange()
	}
	readers := float64(len(clients) - 1)
	if n := testing.AllocsPerRun(500, exchange); n > readers {
		t.Errorf("%v allocations a line to %v readers", n, readers)
	}
}
