//go:build linux

package chat

import (
	"bytes"
	"strings"
)

// Difference is a set of ways in which CPython's asynchat and this library behave differently, on purpose.
type Difference uint16

// The differences: docs/asynchat-oracle.md has a row for each.
const (
	LosesHeld     Difference = 1 << iota // bytes held back at the end of the stream are lost
	ParsesClosed                         // elements fire after close and close_when_done
	BreaksOnFalsy                        // a false producer loses its data, and the next item or the connection
	DropsSimple                          // simple_producer with buffer_size 0 loses its data
	NeedsTerm                            // data before set_terminator is an error
	ResetsPeer                           // closing with unread input resets the peer
	LosesAtHangUp                        // what is not read yet at a hang-up is lost, in poll mode
)

var differenceNames = []string{"LosesHeld", "ParsesClosed", "BreaksOnFalsy", "DropsSimple", "NeedsTerm", "ResetsPeer",
	"LosesAtHangUp"}

// String names the members of the set.
func (d Difference) String() string {
	var names []string
	for i, name := range differenceNames {
		if d>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "|")
}

// Model returns the trace that CPython writes for s, the one that this library owes, and the differences that s meets. If
// it meets none, both are the same.
func Model(s *Script) (cpython, ours []string, met Difference) {
	c := model{s: s, cpython: true, term: s.Term, connected: true, end: "open"}
	c.run()
	o := model{s: s, term: s.Term, connected: true, end: "open"}
	o.run()
	return c.lines, o.lines, c.met | o.met
}

// model is async_chat and the loop around it, with a kernel that takes and gives everything. asynchat reads bit by
// bit and sends an item a round, this library reads all that has arrived and writes all that an event has pushed behind it.
type model struct {
	trace
	s       *Script
	cpython bool
	met     Difference

	term      Term
	buffer    []byte // ac_in_buffer
	fifo      []item // producer_fifo
	staged    []byte // of this library: pushed in the present event
	connected bool
	stopped   bool // of this library: closed, or to be closed when all was written
	reading   bool // of asynchat: in handle_read, in which nothing is sent
	element   []byte
	found     int
	kernel    []byte // written by the peer, and not read
	ended     bool   // the peer has ended its stream
	end       string
	peerEnd   string
}

// is tells whether the model is CPython, where that makes the difference d.
func (m *model) is(d Difference) bool {
	m.met |= d
	return m.cpython
}

func (m *model) run() {
	stream := m.s.Stream
	for i, n := range m.s.Chunks {
		if !m.connected || m.peerEnd != "" {
			break
		}
		m.chunk(stream[:n], i == len(m.s.Chunks)-1)
		stream = stream[n:]
	}
	if m.s.End == EndStream && m.connected {
		m.ended = true
		m.settle()
		m.received()
	}
	m.add("end " + m.end)
	if m.peerEnd != "" && m.s.End != EndHangUp {
		m.add("peer " + m.peerEnd)
	}
}

// chunk is one write of the peer, and all that follows.
func (m *model) chunk(p []byte, last bool) {
	m.kernel = append([]byte(nil), p...)
	if last && m.s.End == EndHangUp {
		if len(m.kernel) > m.readSize() && m.is(LosesAtHangUp) {
			m.kernel = m.kernel[:m.readSize()]
		}
		m.ended = true
		m.settle()
		return
	}
	m.settle()
	if m.connected {
		m.add("." + m.term.trace())
	}
	m.received()
}

// readSize is ac_in_buffer_size.
func (m *model) readSize() int {
	if m.s.In == 0 {
		return maxChunk
	}
	return m.s.In
}

// settle is asyncore.loop, until there is nothing to do. writable() is asked before what is readable is read.
func (m *model) settle() {
	for m.connected {
		readable, writable := len(m.kernel) > 0 || m.ended, len(m.fifo) > 0
		if !readable && !writable {
			return
		}
		if readable {
			m.event((*model).handleRead)
		}
		if writable && m.connected {
			m.event((*model).initiateSend)
		}
	}
}

// failure is a Python exception.
type failure string

// event runs a callback of the loop. A Python exception in it closes the channel.
func (m *model) event(callback func(*model)) {
	defer func() {
		if v := recover(); v != nil {
			name, ok := v.(failure)
			if !ok {
				panic(v)
			}
			if m.end == "open" {
				m.end = "error " + string(name)
			}
			m.close()
		}
	}()
	callback(m)
	m.out, m.staged = append(m.out, m.staged...), nil
	if m.stopped {
		m.handleClose("self")
	}
}

// close is dispatcher.close.
func (m *model) close() {
	if m.connected {
		m.peerEnd = "eof"
		if len(m.kernel) > 0 && m.is(ResetsPeer) {
			m.peerEnd = "reset"
		}
	}
	m.connected = false
}

// handleClose is called at the peer's end and at the end mark.
func (m *model) handleClose(how string) {
	if m.end == "open" {
		m.end = how
	}
	m.close()
}

// handleRead is async_chat.handle_read.
func (m *model) handleRead() {
	n := len(m.kernel)
	if m.cpython {
		n = min(n, m.readSize())
	}
	if n == 0 {
		m.endOfStream()
		return
	}
	m.buffer = append(m.buffer, m.kernel[:n]...)
	m.kernel = m.kernel[n:]
	m.reading = true
	defer func() { m.reading = false }()
	for len(m.buffer) > 0 && !m.stopped {
		if m.term.Kind == TermUnset {
			if m.is(NeedsTerm) {
				panic(failure("AttributeError"))
			}
			m.term = Term{}
		}
		if !m.cut() {
			return
		}
	}
}

// endOfStream is recv's answer of no bytes. What is held back is lost.
func (m *model) endOfStream() {
	if len(m.buffer) > 0 && !m.is(LosesHeld) {
		m.collect(m.buffer)
		m.buffer = nil
	}
	m.handleClose("peer")
}

// cut is the body of handle_read's loop. It returns false where the loop ends.
func (m *model) cut() bool {
	switch {
	case !m.term.ends():
		m.collectElement(len(m.buffer), 0)
	case m.term.Kind == TermCount:
		n := m.term.N
		if int64(len(m.buffer)) < n {
			m.term.N -= int64(len(m.buffer))
			m.collectElement(len(m.buffer), 0)
			break
		}
		m.collectElement(int(n), 0)
		m.term.N = 0
		m.foundTerminator()
	default:
		if i := bytes.Index(m.buffer, m.term.Lit); i >= 0 {
			m.collectElement(i, len(m.term.Lit))
			m.foundTerminator()
			break
		}
		held := prefixAtEnd(m.buffer, m.term.Lit)
		m.collectElement(len(m.buffer)-held, 0)
		return held == 0
	}
	return true
}

// collectElement collects n bytes of the buffer and drops the next skip.
func (m *model) collectElement(n, skip int) {
	m.collect(m.buffer[:n])
	m.element = append(m.element, m.buffer[:n]...)
	m.buffer = m.buffer[n+skip:]
}

// prefixAtEnd is find_prefix_at_end.
func prefixAtEnd(haystack, needle []byte) int {
	n := len(needle) - 1
	for n > 0 && !bytes.HasSuffix(haystack, needle[:n]) {
		n--
	}
	return n
}

// foundTerminator makes the calls of the script.
func (m *model) foundTerminator() {
	m.add("!" + m.term.trace())
	var step Step
	if len(m.s.Steps) > 0 {
		step = m.s.Steps[m.found%len(m.s.Steps)]
	}
	m.found++
	for i := range step {
		m.do(&step[i])
	}
	m.element = nil
}

// do makes one call.
func (m *model) do(op *Op) {
	switch op.Do {
	case DoSet:
		if op.Term.Kind == TermCount && op.Term.N < 0 {
			m.add("?")
			return
		}
		m.term = op.Term
	case DoPush:
		m.push(op.Data)
	case DoFill:
		m.push(fill(op.Size))
	case DoEcho:
		m.push(m.element)
	case DoProducer:
		m.pushProducer(itemProducer, &source{op.Chunks})
	case DoFalsy:
		m.pushProducer(itemFalsy, &source{op.Chunks})
	case DoSimple:
		m.pushSimple(op.Data, op.Size)
	case DoWhenDone:
		m.fifo = append(m.fifo, item{kind: itemEnd})
		m.add("w")
		m.stop()
	case DoClose:
		m.staged = nil
		m.end = "self"
		m.add("x")
		m.stop()
		m.close()
	case DoDiscard:
		m.discard()
	default:
		panic("chat: no such call: " + op.Do)
	}
}

// stop is a close or close_when_done: this library delivers nothing behind it, and drops what has arrived.
func (m *model) stop() {
	if len(m.buffer)+len(m.kernel) > 0 {
		m.met |= ParsesClosed
	}
	if !m.cpython {
		m.stopped, m.buffer, m.kernel = true, nil, nil
	}
}

// discard is discard_buffers.
func (m *model) discard() {
	m.buffer, m.fifo, m.staged = nil, nil, nil
}
