//go:build linux

package loop

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// urgentHooks is hooks that takes urgent bytes.
type urgentHooks struct {
	hooks
	urgent []byte
}

func (h *urgentHooks) Urgent(_ *Conn, b byte) error {
	h.urgent = append(h.urgent, b)
	return nil
}

// A connection gets an urgent byte out of line, and the stream around it.
func playUrgent(r *run) {
	h, w := r.watch(&hooks{receive: echoTo})
	taker := &urgentHooks{hooks: *h}
	ln, err := r.l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler { return taker })
	if r.refuse(err) {
		return
	}
	e := r.client(ln, "before")
	if e.fd < 0 {
		return
	}
	e.stays = true
	r.carry("echo", e, "before, behind", w)
	if !r.pump(func() bool { return len(e.got) == len("before") || e.over() }) || e.over() {
		return
	}
	if err := unix.Sendto(e.fd, []byte("!"), unix.MSG_OOB|unix.MSG_NOSIGNAL, nil); err == nil {
		r.pump(func() bool { return len(taker.urgent) > 0 || e.over() })
		r.owed = append(r.owed, func() error {
			if string(taker.urgent) != "!" {
				return fmt.Errorf("the urgent byte is %q", taker.urgent)
			}
			return nil
		})
	}
	e.out, e.stays = append(e.out, ", behind"...), false
	r.pump(r.settled)
}

// talker is a dispatcher that writes what it is given, then an urgent byte, and keeps what it reads.
type talker struct {
	w      *witness
	out    []byte
	urgent bool   // to be sent behind out
	leaves bool   // closes when all is sent
	got    []byte // the stream
	took   []byte // urgent bytes
	accept func(ch *Channel, fd int)
}

func (r *run) talker(out string) *talker {
	t := &talker{out: []byte(out), w: &witness{}}
	r.witnesses = append(r.witnesses, t.w)
	return t
}

func (t *talker) Readable() bool               { return true }
func (t *talker) Writable() bool               { return len(t.out) > 0 || t.urgent || t.leaves }
func (t *talker) HandleConnect(*Channel) error { return nil }

func (t *talker) HandleAccepted(ch *Channel, fd int, _ net.Addr) error {
	t.accept(ch, fd)
	return nil
}

func (t *talker) HandleExpt(ch *Channel) error {
	b, ok, err := ch.RecvUrgent()
	if ok {
		t.took = append(t.took, b)
	}
	return err
}

func (t *talker) HandleRead(ch *Channel) error {
	p := make([]byte, 1500)
	n, err := ch.Recv(p)
	t.got = append(t.got, p[:n]...)
	return err
}

func (t *talker) HandleWrite(ch *Channel) error {
	switch {
	case len(t.out) > 0:
		n, err := ch.Send(t.out[:min(len(t.out), 1700)])
		t.out = t.out[n:]
		return err
	case t.urgent:
		sent, err := ch.SendUrgent('!')
		t.urgent = !sent && err == nil
		return err
	}
	ch.Close()
	return nil
}

func (t *talker) HandleClose(_ *Channel, cause error) {
	t.w.opens++ // a dispatcher has no Opened
	t.w.closes++
	t.w.cause = cause
}

// Dispatchers listen, connect, send both ways, and send an urgent byte.
func playDispatchers(r *run) {
	question, answer := string(counted(4000)), numbered(6, 500)
	listener, server, client := r.talker(""), r.talker(answer), r.talker(question)
	client.urgent = true
	listener.accept = func(ch *Channel, fd int) {
		_, err := r.l.AddOwned(fd, server)
		r.refuse(err)
		ch.Close()
	}
	lch, err := r.l.Socket("tcp4", listener)
	if r.refuse(err) || r.refuse(lch.SetReuseAddr()) || r.refuse(lch.Bind("127.0.0.1:0")) || r.refuse(lch.Listen(4)) {
		return
	}
	cch, err := r.l.Socket("tcp4", client)
	addr := lch.LocalAddr()
	if r.refuse(err) || addr == nil || r.refuse(cch.Connect(addr.String())) {
		return
	}
	r.streams = append(r.streams, stream{name: "question", want: []byte(question), got: &server.got},
		stream{name: "answer", want: []byte(answer), got: &client.got})
	r.owed = append(r.owed, func() error {
		if string(server.took) != "!" {
			return fmt.Errorf("the urgent byte is %q", server.took)
		}
		return nil
	})
	r.pump(func() bool {
		return client.w.closes > 0 || len(server.took) > 0 && len(client.got) == len(answer) && len(server.got) == len(question)
	})
	cch.Close()
	r.pump(func() bool { return r.l.Len() == 0 })
}

// mailman is a dispatcher of datagrams: it sends what waits, and answers what comes if it is to.
type mailman struct {
	BaseDispatcher
	to      []net.Addr // each with
	letters []string   // what goes there
	answers bool
	got     []string
}

func (m *mailman) Writable() bool { return len(m.to) > 0 }

func (m *mailman) HandleRead(ch *Channel) error {
	p := make([]byte, 100)
	n, from, err := ch.RecvFrom(p)
	if err != nil || from == nil {
		if errors.Is(err, unix.ECONNREFUSED) { // of one that was sent before
			return nil
		}
		return err
	}
	m.got = append(m.got, string(p[:n]))
	if m.answers {
		m.to, m.letters = append(m.to, from), append(m.letters, string(p[:n]))
	}
	return nil
}

func (m *mailman) HandleWrite(ch *Channel) error {
	if sent, err := ch.SendTo([]byte(m.letters[0]), m.to[0]); sent || err != nil {
		m.to, m.letters = m.to[1:], m.letters[1:]
	}
	return nil
}

// Datagrams go there and back.
func playDatagrams(r *run) {
	here, there := &mailman{}, &mailman{answers: true}
	tch, err := r.l.Socket("udp4", there)
	if r.refuse(err) || r.refuse(tch.Bind("127.0.0.1:0")) {
		return
	}
	hch, err := r.l.Socket("udp4", here)
	addr := tch.LocalAddr()
	if r.refuse(err) || addr == nil {
		return
	}
	for i := range 5 {
		here.to, here.letters = append(here.to, addr), append(here.letters, fmt.Sprint("letter ", i))
	}
	want := append([]string(nil), here.letters...)
	late := r.l.After(time.Second, func() { hch.Close() })
	r.pump(func() bool { return hch.Closed() || len(here.got) == len(want) })
	late.Stop()
	hch.Close()
	tch.Close()
	r.pump(func() bool { return r.l.Len() == 0 })
	r.owed = append(r.owed, func() error {
		if !slices.Equal(here.got, want) {
			return fmt.Errorf("%q came back", here.got)
		}
		return nil
	})
}

// Bytes go through a pipe, whose ends are two dispatchers.
func playPipe(r *run) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		r.problem("%v", err)
		return
	}
	text := string(counted(6000))
	from, to := r.talker(text), r.talker("")
	from.leaves = true
	_, errTo := r.l.Add(fds[0], to)
	unix.Close(fds[0])
	_, errFrom := r.l.AddOwned(fds[1], onlyWrites{from})
	r.streams = append(r.streams, stream{name: "pipe", want: []byte(text), got: &to.got})
	r.refuse(errTo)
	r.refuse(errFrom)
	r.pump(func() bool { return r.l.Len() == 0 })
}

// onlyWrites is a talker that does not read.
type onlyWrites struct{ *talker }

func (onlyWrites) Readable() bool { return false }
