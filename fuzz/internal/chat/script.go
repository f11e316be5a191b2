//go:build linux

// Package chat holds what the differential test against CPython's asynchat is made of: a language of small scripts for one
// connection, their generator, a connection of package loop that runs them, CPython that runs them (oracle.py), and a model
// of both, which copies asynchat line by line and has a switch where this library behaves otherwise.
//
// Running a script gives a trace, one string for each thing that can be seen from outside:
//
//	+DATA          bytes that were collected, joined up to the next line
//	!T             the terminator was found; T is what get_terminator returns then
//	?              a call of the script was refused
//	x, w           the script closed at once; when done
//	.T             the connection has read all that the peer wrote, and waits; T is its terminator
//	~N             N elements were found while the peer read nothing
//	<DATA          what the peer received since the last such line
//	end HOW        how the connection ended: self, peer, open (at the end of the script), error NAME
//	peer HOW       what the peer saw of it: eof, reset
//
// T is - for none, #N for a count, =DATA for bytes. In all texts a byte is the character of its number (Latin-1).
package chat

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Script is what happens on one connection. It is JSON of one line.
type Script struct {
	Class  string `json:"class"`
	Term   Term   `json:"term"`            // set before anything is read
	Steps  []Step `json:"steps,omitempty"` // the calls of the i-th found_terminator are Steps[i % len(Steps)]
	Stream Text   `json:"stream"`          // all that the peer writes
	Chunks []int  `json:"chunks"`          // the sizes of its writes, which add up to the stream
	End    End    `json:"end,omitempty"`   // what the peer does after the last of them
	In     int    `json:"in,omitempty"`    // asynchat's ac_in_buffer_size; 0: its default
	Out    int    `json:"out,omitempty"`   // asynchat's ac_out_buffer_size; 0: its default
	Deaf   bool   `json:"deaf,omitempty"`  // the peer reads nothing before it has written all, in one chunk
	Count  bool   `json:"count,omitempty"` // CPython counts the bytes it copies; the trace ends with "copied N"
	Eager  bool   `json:"eager,omitempty"` // CPython writes within each push, and not behind the event
}

// End is what the peer does when it has written all.
type End string

// The ends of a stream.
const (
	EndNone   End = ""    // nothing
	EndStream End = "eof" // it ends its side of the stream, when all was read
	EndHangUp End = "hup" // it closes its socket right behind the last chunk; asyncore runs in its poll mode
)

// Step is the calls that one found_terminator makes.
type Step []Op

// Op is one call.
type Op struct {
	Do     string `json:"do"` // one of the Do constants
	Term   Term   `json:"term,omitzero"`
	Data   Text   `json:"data,omitempty"`
	Chunks []Text `json:"chunks,omitempty"`
	Size   int    `json:"size,omitempty"`
}

// The calls of an Op.
const (
	DoSet      = "set"      // set_terminator(Term)
	DoPush     = "push"     // push(Data)
	DoFill     = "fill"     // push of Size bytes
	DoEcho     = "echo"     // push of the element just found
	DoProducer = "producer" // push_with_producer of one that makes Chunks, the first empty one of which ends it
	DoFalsy    = "falsy"    // the same, of a producer that is false to Python's bool
	DoSimple   = "simple"   // push_with_producer(simple_producer(Data, Size))
	DoWhenDone = "whendone" // close_when_done()
	DoClose    = "close"    // close()
	DoDiscard  = "discard"  // discard_buffers()
)

// Term is what set_terminator is called with. The zero value is None.
type Term struct {
	Kind TermKind
	N    int64
	Lit  Text
}

// TermKind says which kind a Term is.
type TermKind uint8

// The kinds of Term.
const (
	TermNone TermKind = iota
	TermCount
	TermBytes
	TermUnset // set_terminator is not called: for Script.Term alone
)

// ends tells whether t ends elements at all.
func (t Term) ends() bool {
	return t.Kind == TermCount && t.N != 0 || t.Kind == TermBytes && len(t.Lit) > 0
}

// trace is T of the traces.
func (t Term) trace() string {
	switch {
	case !t.ends():
		return "-"
	case t.Kind == TermCount:
		return fmt.Sprintf("#%d", t.N)
	}
	return "=" + t.Lit.String()
}

// MarshalJSON gives null, a number, a string, or false for TermUnset.
func (t Term) MarshalJSON() ([]byte, error) {
	switch t.Kind {
	case TermNone:
		return []byte("null"), nil
	case TermCount:
		return json.Marshal(t.N)
	case TermUnset:
		return []byte("false"), nil
	}
	return json.Marshal(t.Lit)
}

// UnmarshalJSON is the reverse of MarshalJSON.
func (t *Term) UnmarshalJSON(p []byte) error {
	*t = Term{}
	switch {
	case string(p) == "null":
		return nil
	case string(p) == "false":
		t.Kind = TermUnset
		return nil
	case p[0] == '"':
		t.Kind = TermBytes
		return json.Unmarshal(p, &t.Lit)
	}
	t.Kind = TermCount
	return json.Unmarshal(p, &t.N)
}

// Text is bytes that are written in Latin-1.
type Text []byte

// String gives the character of each byte's number.
func (b Text) String() string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

// MarshalText implements encoding.TextMarshaler.
func (b Text) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText is the reverse of MarshalText. It refuses characters that are no byte's.
func (b *Text) UnmarshalText(p []byte) error {
	*b = nil
	for _, c := range string(p) {
		if c > 0xff {
			return fmt.Errorf("chat: %q is not the character of a byte", c)
		}
		*b = append(*b, byte(c))
	}
	return nil
}

// String gives the script as JSON.
func (s *Script) String() string {
	p, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(p)
}

// drops tells whether s has calls that drop what is queued.
func (s *Script) drops() bool {
	return slices.ContainsFunc(s.Steps, func(step Step) bool {
		return slices.ContainsFunc(step, func(op Op) bool { return op.Do == DoClose || op.Do == DoDiscard })
	})
}

// check refuses a script that makes no sense.
func (s *Script) check() error {
	if s.Term.N < 0 {
		return fmt.Errorf("chat: the first terminator is %d bytes", s.Term.N)
	}
	sum := 0
	for _, n := range s.Chunks {
		if n < 1 || n > maxChunk {
			return fmt.Errorf("chat: a chunk of %d bytes, not 1 to %d", n, maxChunk)
		}
		sum += n
	}
	for _, step := range s.Steps {
		if len(endAtClose(step)) < len(step) {
			return fmt.Errorf("chat: %v goes on behind a close", step)
		}
		for i := range step {
			if n := step[i].Size; n < 0 || n > maxFill {
				return fmt.Errorf("chat: a size of %d", n)
			}
		}
	}
	if sum != len(s.Stream) {
		return fmt.Errorf("chat: chunks of %d bytes in all, and a stream of %d", sum, len(s.Stream))
	}
	return nil
}

// maxChunk is how much a peer writes at once: what asynchat reads at once, and less than a socket pair holds.
const maxChunk = 64 << 10

// fill returns the bytes of DoFill, at most maxFill, which are not to be written to.
func fill(n int) []byte { return pattern[:n:n] }

const maxFill = 64 << 10

var pattern = func() []byte {
	p := make([]byte, maxFill)
	for i := range p {
		p[i] = byte(i % 251)
	}
	return p
}()
