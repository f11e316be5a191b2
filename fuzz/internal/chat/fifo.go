//go:build linux

package chat

// item is one place of producer_fifo: bytes, a producer, or the end mark of close_when_done.
type item struct {
	kind itemKind
	data []byte
	from *source
}

type itemKind uint8

const (
	itemBytes itemKind = iota
	itemProducer
	itemFalsy
	itemEnd
)

// false tells what Python's bool says of an item.
func (i *item) false() bool {
	return i.kind == itemFalsy || i.kind == itemEnd || i.kind == itemBytes && len(i.data) == 0
}

// source is a producer: it makes its chunks, and then nothing.
type source struct{ chunks []Text }

func (p *source) more() []byte {
	if len(p.chunks) == 0 {
		return nil
	}
	chunk := p.chunks[0]
	p.chunks = p.chunks[1:]
	return chunk
}

// writeSize is ac_out_buffer_size.
func (m *model) writeSize() int {
	if m.s.Out == 0 {
		return 65536
	}
	return m.s.Out
}

// push is async_chat.push.
func (m *model) push(data []byte) {
	if !m.cpython {
		m.stage(data)
		return
	}
	for size := m.writeSize(); len(data) > size; data = data[size:] {
		m.fifo = append(m.fifo, item{data: data[:size]})
	}
	m.fifo = append(m.fifo, item{data: data})
	m.initiateSend()
}

// stage keeps data until the end of the event.
func (m *model) stage(data []byte) {
	if !m.stopped {
		m.staged = append(m.staged, data...)
	}
}

// pushProducer is async_chat.push_with_producer.
func (m *model) pushProducer(kind itemKind, p *source) {
	if kind == itemFalsy {
		m.met |= BreaksOnFalsy
	}
	if !m.cpython {
		for chunk := p.more(); len(chunk) > 0; chunk = p.more() {
			m.stage(chunk)
		}
		return
	}
	m.fifo = append(m.fifo, item{kind: kind, from: p})
	m.initiateSend()
}

// pushSimple pushes a simple_producer.
func (m *model) pushSimple(data []byte, size int) {
	if size == 0 {
		if m.is(DropsSimple) {
			m.pushProducer(itemProducer, &source{})
		} else {
			m.add("?")
		}
		return
	}
	p := &source{}
	for ; len(data) > size; data = data[size:] {
		p.chunks = append(p.chunks, data[:size])
	}
	p.chunks = append(p.chunks, data)
	m.pushProducer(itemProducer, p)
}

// initiateSend is async_chat.initiate_send.
func (m *model) initiateSend() {
	for len(m.fifo) > 0 && m.connected && !m.reading {
		first := m.fifo[0]
		if first.false() {
			m.fifo = m.fifo[1:]
			if first.kind == itemEnd {
				m.handleClose("self")
				return
			}
		}
		if first.kind == itemBytes {
			m.send(first.data)
			return
		}
		if data := first.from.more(); len(data) > 0 {
			m.fifo = append([]item{{data: data}}, m.fifo...)
		} else if len(m.fifo) == 0 {
			panic(failure("IndexError"))
		} else {
			m.fifo = m.fifo[1:]
		}
	}
}

// send sends as much of the first item as one call takes.
func (m *model) send(data []byte) {
	n := min(len(data), m.writeSize())
	if n == 0 {
		return
	}
	m.out = append(m.out, data[:n]...)
	if n < len(data) {
		m.fifo[0] = item{data: data[n:]}
	} else {
		m.fifo = m.fifo[1:]
	}
}
