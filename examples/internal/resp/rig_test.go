//go:build linux

package resp

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop"
)

// rig is a server on one loop that the test turns by hand, so that what it sees depends on nothing but the bytes it sends.
type rig struct {
	t    testing.TB
	srv  *server
	loop *loop.Loop
	now  *atomic.Int64 // the server's clock: milliseconds since 1970
}

const startMs = 1_700_000_000_000

func newRig(t testing.TB, o Config) *rig {
	t.Helper()
	r := &rig{t: t, now: new(atomic.Int64)}
	r.now.Store(startMs)
	if o.Clock == nil {
		o.Clock = func() time.Time { return time.UnixMilli(r.now.Load()) }
	}
	var err error
	if r.srv, err = newServer(o); err != nil {
		t.Fatal(err)
	}
	if r.loop, err = loop.NewLoop(Options()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.loop.Close(); err != nil {
			t.Error(err)
		}
		if err := r.srv.store.check(); err != nil {
			t.Error(err)
		}
		if len(r.srv.clients) != 0 {
			t.Errorf("%d clients are listed after the loop has closed", len(r.srv.clients))
		}
	})
	return r
}

// reset checks the store, and makes the server new but for its client ids.
func (r *rig) reset() {
	r.t.Helper()
	if err := r.srv.store.check(); err != nil {
		r.t.Fatal(err)
	}
	r.srv.store.flush()
	r.now.Store(startMs)
}

// turn handles what is ready, and checks the invariants of all but the store.
func (r *rig) turn() {
	r.t.Helper()
	if err := r.loop.Poll(0); err != nil {
		r.t.Fatal(err)
	}
	if err := r.srv.check(); err != nil {
		r.t.Fatal(err)
	}
}

// peer is a client's end of a connection.
type peer struct {
	rig *rig
	fd  int
	in  []byte // received and not taken
	eof bool
}

func (r *rig) dial() *peer {
	r.t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.loop.Adopt(fds[1], r.srv.accept); err != nil {
		r.t.Fatal(err)
	}
	p := &peer{rig: r, fd: fds[0]}
	r.t.Cleanup(func() {
		if p.fd >= 0 {
			_ = unix.Close(p.fd)
		}
	})
	r.turn()
	return p
}

// close ends the connection and waits until the server has closed it too. Without it, it ends with the test.
func (p *peer) close() {
	p.rig.t.Helper()
	if err := unix.Close(p.fd); err != nil {
		p.rig.t.Fatal(err)
	}
	p.fd = -1
	for open, tries := p.rig.loop.Len(), 0; p.rig.loop.Len() >= open && open > 0; tries++ {
		if tries > 100 {
			p.rig.t.Fatal("the server does not close the connection")
		}
		p.rig.turn()
	}
}

// send sends b and turns the loop until it is taken. What a closed connection refuses is dropped.
func (p *peer) send(b []byte) {
	p.rig.t.Helper()
	for len(b) > 0 {
		n, err := unix.SendmsgN(p.fd, b, nil, nil, unix.MSG_NOSIGNAL)
		switch {
		case err == nil:
			b = b[n:]
		case errors.Is(err, unix.EPIPE), errors.Is(err, unix.ECONNRESET):
			return
		case !errors.Is(err, unix.EAGAIN):
			p.rig.t.Fatal(err)
		}
		p.rig.turn()
		p.receive()
	}
}

// writeAll sends what the socket takes at once, without a turn of the server.
func writeAll(p *peer, s string) (int, error) {
	n, err := unix.SendmsgN(p.fd, []byte(s), nil, nil, unix.MSG_NOSIGNAL)
	if err == nil && n < len(s) {
		err = io.ErrShortWrite
	}
	return n, err
}

// receive takes what the server has sent.
func (p *peer) receive() {
	var buf [64 << 10]byte
	for !p.eof {
		n, err := unix.Read(p.fd, buf[:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return
		case err != nil:
			p.rig.t.Fatal(err)
		}
		p.eof = n == 0
		p.in = append(p.in, buf[:n]...)
	}
}

// take turns the loop until n bytes have come or the stream has ended, and then once more, and returns all that came.
func (p *peer) take(n int) []byte {
	p.rig.t.Helper()
	for tries := 0; len(p.in) < n && !p.eof && tries < 1000; tries++ {
		p.rig.turn()
		p.receive()
	}
	p.rig.turn()
	p.receive()
	got := p.in
	p.in = nil
	return got
}

// want sends request and fails the test unless exactly reply comes back.
func (p *peer) want(request, reply string) {
	p.rig.t.Helper()
	p.send([]byte(request))
	if got := p.take(len(reply)); string(got) != reply {
		p.rig.t.Fatalf("%.200q\ngot  %.400q\nwant %.400q", request, got, reply)
	}
}

// do sends one command as a multibulk.
func (p *peer) do(reply string, args ...string) {
	p.rig.t.Helper()
	p.want(multibulk(args...), reply)
}

// multibulk is a command as clients send it.
func multibulk(args ...string) string {
	var r reply
	r.array(len(args))
	for _, a := range args {
		r.text(a)
	}
	return string(r.buf)
}

// bulk is a bulk string as servers send it.
func bulk(s string) string { return string(appendBulk(nil, s)) }

// ramp returns n bytes in which every place can be told from its neighbours.
func ramp(n int) []byte {
	b := bytes.Repeat([]byte{0}, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}
