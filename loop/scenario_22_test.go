//go:build linux

package loop

import (
	"bytes"
	"strings"
	"testing"

	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/ringbuf"
)

// stash is a handler that keeps what it must not, beside the copies that it may keep.
type stash struct {
	hooks
	t      *testing.T
	echoes bool // pushes the element once and no more
	kept   [][]byte
	copies [][]byte
	pushed bytes.Buffer
}

// Receive pushes the element in all ways, among them enough to have the stage written out, and sees that it stays
// what it is until the end.
func (s *stash) Receive(c *Conn, data []byte, _ bool) error {
	before := bytes.Clone(data)
	s.kept, s.copies = append(s.kept, data), append(s.copies, before)
	if s.echoes {
		s.pushed.Write(before)
		return c.Push(data)
	}
	for range 3 {
		s.pushed.Write(before)
		s.pushed.Write(before)
		s.pushed.Write(make([]byte, stageBytes))
		if err := c.Push(data); err != nil {
			return err
		}
		if err := c.PushOwned(bytes.Clone(data), nil); err != nil {
			return err
		}
		if err := c.Push(make([]byte, stageBytes)); err != nil {
			return err
		}
	}
	t := c.Terminator()
	c.SetTerminator(match.LF)
	c.SetTerminator(t)
	if !bytes.Equal(data, before) {
		s.t.Errorf("within Receive, %.40q becomes %.40q", before, data)
	}
	return nil
}

// Scenario 22: a slice that Receive was given is the handler's until Receive returns, whatever it calls, what it
// pushes of it arrives, and a copy is good for ever. One that is kept longer shows the poison, in a build that has
// it, wherever its memory is: in the loop's ring, in a block, in a ring of its own.
func TestScenario22SlicesOutOfTheirTime(t *testing.T) {
	short, long := strings.Repeat("abcd", 1000), strings.Repeat("abc", 20_000)
	for name, tt := range map[string]struct {
		delivery Delivery
		parts    []string
		end      bool // of the stream
		echoes   bool
	}{
		"in one read":            {Whole, []string{"abc\r\ndef\r\n"}, false, false},
		"joined in a block":      {Whole, []string{"ab", "c\r", "\ndef\r\n"}, false, false},
		"joined in a ring":       {Whole, []string{long, long + "\r\n"}, false, false},
		"in pieces":              {Pieces, []string{"ab", "c\r\nde", "f\r\n"}, false, false},
		"a false alarm":          {Pieces, []string{"ab\r", "c\r\n"}, false, false},
		"the rest":               {Whole, []string{"ab", "c"}, true, false},
		"the rest, a beginning":  {Pieces, []string{"\r"}, true, false},
		"referred to":            {Whole, []string{short + "\r\n" + short + "\r\n"}, false, true},
		"referred to in a ring":  {Whole, []string{long, short + "\r\n"}, false, true},
		"referred to at the end": {Whole, []string{long, short}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTestLoop(t, Options{RingBytes: 64 << 10, MaxElement: 1 << 20})
			s := &stash{t: t, echoes: tt.echoes}
			c, peer := pair(t, l, s, func(c *Conn) { c.SetTerminator(match.CRLF); c.SetDelivery(tt.delivery) })
			got := &bytes.Buffer{}
			for _, part := range tt.parts {
				sendAll(t, l, peer, part)
				rounds(t, l, 3)
				readSome(peer, got)
			}
			if tt.end {
				closeWrite(t, peer)
			}
			poll(t, l, func() bool {
				readSome(peer, got)
				return len(s.kept) > 0 && got.Len() >= s.pushed.Len() && (c.in == nil || c.state&closed != 0)
			})
			if !bytes.Equal(got.Bytes(), s.pushed.Bytes()) || got.Len() == 0 {
				t.Errorf("%d bytes came of %d that were pushed, or others", got.Len(), s.pushed.Len())
			}
			sent := strings.ReplaceAll(strings.Join(tt.parts, ""), "\r\n", "")
			if copies := string(bytes.Join(s.copies, nil)); copies != sent {
				t.Errorf("the copies are %.100q, of %.100q", copies, sent)
			}
			if !ringbuf.Poison {
				return
			}
			for i, p := range s.kept {
				if !bytes.Equal(p, bytes.Repeat([]byte{0xDB}, len(p))) {
					t.Errorf("element %d, kept too long, reads %.40q", i, p)
				}
			}
		})
	}
}
