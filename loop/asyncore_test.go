//go:build linux

package loop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// driver runs a loop: by Poll on the test's goroutine, or by Run on one of its own.
type driver struct {
	t    *testing.T
	l    *Loop
	runs bool
}

// overBoth runs a test with a loop of each kind.
func overBoth(t *testing.T, test func(t *testing.T, d driver)) {
	t.Run("Poll", func(t *testing.T) { test(t, driver{t, newTestLoop(t, Options{}), false}) })
	t.Run("Run", func(t *testing.T) {
		l, err := NewLoop(quiet(Options{}))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		test(t, driver{t, l, true})
	})
}

// do calls f on the loop's goroutine.
func (d driver) do(f func()) {
	d.t.Helper()
	if !d.runs {
		f()
		return
	}
	done := make(chan struct{})
	if err := d.l.Post(func() { defer close(done); f() }); err != nil {
		d.t.Fatal(err)
	}
	<-done
}

// until runs rounds until ok says so, which is asked on the loop's goroutine.
func (d driver) until(what string, ok func() bool) {
	d.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		reached := false
		d.do(func() { reached = ok() })
		if reached {
			return
		}
		if time.Now().After(end) {
			d.t.Fatalf("never: %s", what)
		}
		if d.runs {
			time.Sleep(time.Millisecond)
		} else if err := d.l.Poll(5 * time.Millisecond); err != nil {
			d.t.Fatal(err)
		}
	}
}

// settle runs rounds in which nothing more should happen.
func (d driver) settle() {
	d.t.Helper()
	for range 5 {
		d.do(func() {})
		if d.runs {
			time.Sleep(2 * time.Millisecond)
		} else if err := d.l.Poll(2 * time.Millisecond); err != nil {
			d.t.Fatal(err)
		}
	}
}

// recorder is a dispatcher that notes its events, each with the flags that it sees.
type recorder struct {
	BaseDispatcher
	events   transcript
	ch       *Channel
	writing  bool
	data     []byte
	cause    error
	accepted func(fd int) // nil: keeps it to the end
	fds      []int
	read     func(ch *Channel) error
	wrote    func(ch *Channel) error
}

func (r *recorder) Writable() bool { return r.writing }

func (r *recorder) HandleConnect(ch *Channel) error {
	r.events.add("connect")
	return nil
}

func (r *recorder) HandleRead(ch *Channel) error {
	if r.read != nil {
		r.events.add("read")
		return r.read(ch)
	}
	p := make([]byte, 100)
	n, err := ch.Recv(p)
	r.data = append(r.data, p[:n]...)
	if n > 0 {
		r.events.add("read")
	}
	return err
}

func (r *recorder) HandleWrite(ch *Channel) error {
	r.events.add("write")
	r.writing = false
	if r.wrote != nil {
		return r.wrote(ch)
	}
	return nil
}

func (r *recorder) HandleExpt(ch *Channel) error {
	b, ok, err := ch.RecvUrgent()
	r.events.add("expt %c %v", b, ok)
	return err
}

func (r *recorder) HandleAccepted(ch *Channel, fd int, peer net.Addr) error {
	r.events.add("accepted")
	if r.accepted != nil {
		r.accepted(fd)
	} else {
		r.fds = append(r.fds, fd)
	}
	return nil
}

func (r *recorder) HandleClose(ch *Channel, cause error) {
	r.events.add("close")
	r.cause = cause
	for _, fd := range r.fds {
		unix.Close(fd)
	}
}

// noter is a recorder that takes its errors.
type noter struct{ recorder }

func (n *noter) HandleError(ch *Channel, err error) error {
	n.events.add("error %v", err)
	return nil
}

// ownAcceptor accepts for itself.
type ownAcceptor struct{ recorder }

func (a *ownAcceptor) HandleAccept(ch *Channel) error {
	fd, _, err := ch.Accept()
	a.events.add("accept")
	if fd >= 0 {
		a.fds = append(a.fds, fd)
	}
	return err
}

// overNetworks runs a test over IPv4, IPv6 and unix sockets, each with both kinds of loop.
func overNetworks(t *testing.T, test func(t *testing.T, d driver, network, address string)) {
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			overBoth(t, func(t *testing.T, d driver) { test(t, d, network, anyAddr(t, network)) })
		})
	}
}

// anyAddr is an address to bind a socket to.
func anyAddr(t *testing.T, network string) string {
	switch network {
	case "tcp4", "udp4":
		return "127.0.0.1:0"
	case "tcp6", "udp6":
		return "[::1]:0"
	}
	return filepath.Join(t.TempDir(), "s")
}

// listening puts a listening dispatcher on the loop, and returns its address.
func (d driver) listening(server Dispatcher, network, address string) (ch *Channel, addr string) {
	d.t.Helper()
	var err error
	d.do(func() {
		if ch, err = d.l.Socket(network, server); err != nil {
			return
		}
		if err = errors.Join(ch.SetReuseAddr(), ch.Bind(address), ch.Listen(5)); err == nil {
			addr = ch.LocalAddr().String()
		}
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return ch, addr
}

// connecting puts a dispatcher on the loop that connects to addr.
func (d driver) connecting(client Dispatcher, network, addr string) (ch *Channel) {
	d.t.Helper()
	var err error
	d.do(func() {
		if ch, err = d.l.Socket(network, client); err == nil {
			err = ch.Connect(addr)
		}
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return ch
}

// joined is a client of the loop that is connected to a plain socket.
func (d driver) joined(client Dispatcher, network, address string) (ch *Channel, peer net.Conn) {
	d.t.Helper()
	ch, peer = d.linked(client, network, address)
	d.until("connected", func() bool { return ch.Connected() })
	return ch, peer
}

// linked is joined before the loop knows.
func (d driver) linked(client Dispatcher, network, address string) (ch *Channel, peer net.Conn) {
	d.t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		d.t.Fatal(err)
	}
	defer ln.Close()
	ch = d.connecting(client, network, ln.Addr().String())
	peer, err = ln.Accept()
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { peer.Close() })
	return ch, peer
}

// API-1: the event connect, once.
func TestAPI1Connect(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		var r recorder
		_, _ = d.joined(&r, network, address)
		d.settle()
		d.do(func() { r.events.is(t, "connect") })
	})
}

// API-2: a listening socket that is readable.
func TestAPI2Accept(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		var a ownAcceptor
		_, addr := d.listening(&a, network, address)
		for range 2 {
			nc, err := net.Dial(network, addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
		}
		d.until("accepted", func() bool { return len(a.fds) == 2 })
		d.settle()
		d.do(func() {
			a.events.is(t, "accept", "accept")
		})
	})
}

// API-3: what it accepts is handed over, ready for a dispatcher of its own.
func TestAPI3Accepted(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		var child recorder
		server := recorder{accepted: func(fd int) {
			if _, err := d.l.AddOwned(fd, &child); err != nil {
				t.Error(err)
			}
		}}
		_, addr := d.listening(&server, network, address)
		nc, err := net.Dial(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		io.WriteString(nc, "hello")
		d.until("read", func() bool { return string(child.data) == "hello" })
		d.do(func() {
			server.events.is(t, "accepted")
			child.events.is(t, "read")
		})
	})
}

// API-4: the event read.
func TestAPI4Read(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		var r recorder
		_, peer := d.joined(&r, network, address)
		io.WriteString(peer, "x")
		d.until("read", func() bool { return string(r.data) == "x" })
		d.settle()
		d.do(func() { r.events.is(t, "connect", "read") })
	})
}

// API-5: the event write, as long as the dispatcher wants to.
func TestAPI5Write(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		r := recorder{writing: true, wrote: func(ch *Channel) error {
			n, err := ch.Send([]byte("data"))
			if n != 4 {
				t.Errorf("sent %d", n)
			}
			return err
		}}
		_, peer := d.joined(&r, network, address)
		d.until("written", func() bool { return !r.writing })
		expect(t, peer, "data")
		d.settle()
		d.do(func() { r.events.is(t, "connect", "write") })
	})
}

// API-6: the peer closes.
func TestAPI6Close(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		var r recorder
		_, peer := d.joined(&r, network, address)
		peer.Close()
		d.until("closed", func() bool { return len(r.events) > 1 })
		d.settle()
		d.do(func() {
			r.events.is(t, "connect", "close")
			if r.cause != io.EOF || d.l.Len() != 0 {
				t.Errorf("cause %v, %d channels", r.cause, d.l.Len())
			}
		})
	})
}

// API-7: sends after the peer closed end in one close, and EPIPE or ECONNRESET is its cause.
func TestAPI7SendAfterClose(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		var r recorder
		ch, peer := d.joined(&r, network, address)
		peer.Close()
		var err error
		for end := time.Now().Add(5 * time.Second); err == nil && time.Now().Before(end); {
			d.do(func() { _, err = ch.Send(make([]byte, 1<<16)) }) // not a round between: no read sees the end
		}
		if !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
		d.until("closed", func() bool { return len(r.events) == 2 })
		d.settle()
		d.do(func() {
			r.events.is(t, "connect", "close")
			if n, err := ch.Send([]byte("x")); n != 0 || !errors.Is(err, ErrClosed) {
				t.Errorf("a closed channel sent %d: %v", n, err)
			}
		})
	})
}

// API-8: the urgent byte, of TCP.
func TestAPI8Urgent(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		if network == "unix" {
			return // has none in this form: unix(7)
		}
		var a, b recorder
		left, peer := d.joined(&a, network, address)
		raw, err := peer.(*net.TCPConn).File()
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		right := (*Channel)(nil)
		d.do(func() { right, err = d.l.AddFile(raw, &b) })
		if err != nil {
			t.Fatal(err)
		}
		d.do(func() {
			if sent, err := left.SendUrgent('!'); !sent || err != nil {
				t.Errorf("sent %v, %v", sent, err)
			}
		})
		d.until("told", func() bool { return len(b.events) > 0 })
		d.settle()
		d.do(func() {
			b.events.is(t, "expt ! true")
			if _, ok, err := right.RecvUrgent(); ok || err != nil {
				t.Errorf("a second byte: %v, %v", ok, err)
			}
		})
	})
}

// API-9: an error in a callback, or a panic, reaches HandleError, or closes that channel alone.
func TestAPI9Error(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		boom := errors.New("boom")
		for name, fail := range map[string]func(ch *Channel) error{
			"error": func(*Channel) error { return boom }, "panic": func(*Channel) error { panic(boom) },
		} {
			n := noter{recorder{writing: true, wrote: fail}}
			r := recorder{writing: true, wrote: fail}
			for i, client := range []Dispatcher{&n, &r} {
				if network == "unix" {
					address = filepath.Join(t.TempDir(), fmt.Sprint(name, i))
				}
				d.linked(client, network, address)
			}
			d.until("closed", func() bool { return len(r.events) == 3 && len(n.events) == 3 })
			d.settle()
			d.do(func() {
				r.events.is(t, "connect", "write", "close")
				if !errors.Is(r.cause, boom) || errors.Is(r.cause, ErrPanic) != (name == "panic") {
					t.Errorf("%s: cause %v", name, r.cause)
				}
				if len(n.events) != 3 || !strings.HasPrefix(n.events[2], "error ") || !strings.Contains(n.events[2], "boom") {
					t.Errorf("%s: %q", name, n.events)
				}
				if n.cause != nil || d.l.Len() != 1 {
					t.Errorf("%s: cause %v, %d channels", name, n.cause, d.l.Len())
				}
				d.l.CloseAll(nil)
			})
			d.until("empty", func() bool { return d.l.Len() == 0 })
		}
	})
}

// flags are the three flags of a channel.
func flags(ch *Channel) string {
	return fmt.Sprintf("connected %v accepting %v connecting %v", ch.Connected(), ch.Accepting(), ch.Connecting())
}

const (
	noFlag        = "connected false accepting false connecting false"
	isConnected   = "connected true accepting false connecting false"
	isAccepting   = "connected false accepting true connecting false"
	areConnecting = "connected false accepting false connecting true"
)

// API-10: the flags over a lifetime.
func TestAPI10Flags(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		var got transcript
		var server, client recorder
		ln, addr := d.listening(&server, network, address)
		d.do(func() {
			ch, err := d.l.Socket(network, &client)
			if err != nil {
				t.Error(err)
				return
			}
			got.add("%s", flags(ln))
			got.add("%s", flags(ch))
			if err := ch.Connect(addr); err != nil {
				t.Error(err)
			}
			got.add("%s", flags(ch))
			client.ch = ch
		})
		d.until("connected", func() bool { return client.ch.Connected() })
		d.do(func() {
			got.add("%s", flags(client.ch))
			client.ch.Close()
			got.add("%s", flags(client.ch))
			ln.Close()
			got.add("%s", flags(ln))
			got.is(t, isAccepting, noFlag, areConnecting, isConnected, noFlag, noFlag)
		})
	})
}

// API-11: sockets are non-blocking and closed on exec, those that are accepted too.
func TestAPI11Descriptors(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		check := func(what string, fd int) {
			status, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
			if err != nil || status&unix.O_NONBLOCK == 0 {
				t.Errorf("%s blocks: %v", what, err)
			}
			if own, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || own&unix.FD_CLOEXEC == 0 {
				t.Errorf("%s is inherited: %v", what, err)
			}
		}
		var client recorder
		var server recorder
		server.accepted = func(fd int) {
			check("accepted", fd)
			server.fds = append(server.fds, fd)
		}
		ln, addr := d.listening(&server, network, address)
		ch := d.connecting(&client, network, addr)
		d.do(func() { check("listening", ln.FD()); check("connecting", ch.FD()) })
		d.until("accepted", func() bool { return len(server.events) == 1 })
	})
}

// API-12: an address is bound once. API-13: SetReuseAddr.
func TestAPI12Bind(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		var a, b recorder
		_, addr := d.listening(&a, network, address)
		d.do(func() {
			ch, err := d.l.Socket(network, &b)
			if err != nil {
				t.Error(err)
				return
			}
			if err := ch.Bind(addr); !errors.Is(err, unix.EADDRINUSE) {
				t.Errorf("bound twice: %v", err)
			}
		})
	})
}

// API-13: SetReuseAddr sets the option, and with it a port with a connection in TIME_WAIT is bound again.
func TestAPI13ReuseAddr(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		d.do(func() {
			ch, err := d.l.Socket(network, &recorder{})
			if err != nil {
				t.Error(err)
				return
			}
			get := func() int {
				v, err := unix.GetsockoptInt(ch.FD(), unix.SOL_SOCKET, unix.SO_REUSEADDR)
				if err != nil {
					t.Error(err)
				}
				return v
			}
			before := get()
			if err := ch.SetReuseAddr(); err != nil || before != 0 || get() == 0 {
				t.Errorf("%d, then %d: %v", before, get(), err)
			}
		})
		if network == "unix" {
			return
		}
		server := recorder{accepted: func(fd int) { unix.Close(fd) }} // the first to close lingers in TIME_WAIT
		ln, addr := d.listening(&server, network, address)
		nc, err := net.Dial(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		d.until("accepted", func() bool { return len(server.events) == 1 })
		if _, err := nc.Read(make([]byte, 1)); err != io.EOF {
			t.Fatal(err)
		}
		nc.Close()
		d.do(ln.Close)
		d.settle()
		d.do(func() {
			plain, err := d.l.Socket(network, &recorder{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := plain.Bind(addr); !errors.Is(err, unix.EADDRINUSE) {
				t.Errorf("a lingering port was bound: %v", err)
			}
		})
		d.listening(&recorder{}, network, addr) // which sets it
	})
}

// API-14: a connect that is reset at once leaves the loop and its other channels as they were.
func TestAPI14QuickConnect(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		if network == "unix" {
			return // has no reset
		}
		var child recorder
		server := recorder{accepted: func(fd int) {
			if _, err := d.l.AddOwned(fd, &child); err != nil {
				t.Error(err)
			}
		}}
		ln, addr := d.listening(&server, network, address)
		for range 4 { // no more than the backlog
			nc, err := net.Dial(network, addr)
			if err != nil {
				t.Fatal(err)
			}
			if err := nc.(*net.TCPConn).SetLinger(0); err != nil {
				t.Fatal(err)
			}
			nc.Close() // a reset
		}
		nc, err := net.Dial(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		io.WriteString(nc, "alive")
		d.until("alive", func() bool { return string(child.data) == "alive" })
		d.until("the others closed", func() bool { return d.l.Len() == 2 })
		d.do(func() {
			if !ln.Accepting() || len(server.events) != 5 {
				t.Errorf("%d events, accepting %v", len(server.events), ln.Accepting())
			}
		})
	})
}

// A connect that is refused closes, with the error, and never reads or writes.
func TestConnectRefused(t *testing.T) {
	overBoth(t, func(t *testing.T, d driver) {
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := ln.Addr().String()
		ln.Close()
		r := recorder{writing: true}
		d.do(func() {
			ch, err := d.l.Socket("tcp4", &r)
			if err != nil {
				t.Error(err)
				return
			}
			if err := ch.Connect(addr); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
				t.Error(err)
			} else if err != nil {
				ch.shut(err) // the kernel knew at once
			}
		})
		d.until("closed", func() bool { return len(r.events) > 0 })
		d.settle()
		d.do(func() {
			r.events.is(t, "close")
			if !errors.Is(r.cause, unix.ECONNREFUSED) {
				t.Errorf("cause %v", r.cause)
			}
		})
	})
}

// A dispatcher's listener that is out of descriptors pauses, and goes on when there are some.
func TestAcceptOutOfDescriptors(t *testing.T) {
	d := driver{t, newTestLoop(t, Options{}), false}
	server := recorder{}
	_, addr := d.listening(&server, "tcp4", "127.0.0.1:0")
	calls, real, failures := *d.l.calls, d.l.calls.Accept, 0
	calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, unix.Errno) {
		if failures < 3 {
			failures++
			return -1, unix.EMFILE
		}
		return real(fd, from)
	}
	d.l.calls = &calls
	nc, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	turns := d.l.stats.Turns
	d.until("accepted", func() bool { return len(server.events) == 1 })
	if used := d.l.stats.Turns - turns; used > 50 || d.l.stats.AcceptPauses != 3 {
		t.Errorf("%d turns, %d pauses", used, d.l.stats.AcceptPauses)
	}
}

// CO-3: closing all of 10 channels.
func TestCO3CloseAll(t *testing.T) {
	overBoth(t, func(t *testing.T, d driver) {
		all := make([]recorder, 10)
		for i := range all {
			d.joined(&all[i], "tcp4", "127.0.0.1:0")
		}
		d.do(func() {
			if d.l.Len() != 10 {
				t.Errorf("%d channels", d.l.Len())
			}
			d.l.CloseAll(nil)
			if d.l.Len() != 0 {
				t.Errorf("%d channels are left", d.l.Len())
			}
		})
		d.settle()
		d.do(func() {
			for i := range all {
				all[i].events.is(t, "connect", "close")
			}
		})
	})
}

// CO-5: a fresh dispatcher is readable and writable.
func TestCO5Fresh(t *testing.T) {
	var fresh Dispatcher = BaseDispatcher{}
	if !fresh.Readable() || !fresh.Writable() {
		t.Error("a fresh dispatcher is not")
	}
}

// sender sends what it is given when it is connected, and as it comes.
type sender struct {
	BufferedDispatcher
	first []string
	cause error
}

func (s *sender) HandleConnect(ch *Channel) error {
	for _, p := range s.first {
		if err := s.Send(ch, []byte(p)); err != nil {
			return err
		}
	}
	return nil
}

func (s *sender) HandleClose(_ *Channel, cause error) { s.cause = cause }

// CO-9: a buffered send: the peer gets the data twice.
func TestCO9BufferedSend(t *testing.T) {
	overNetworks(t, func(t *testing.T, d driver, network, address string) {
		data := strings.Repeat("Suppose there isn't a 16-ton weight?", 100_000)
		s := sender{first: []string{data, data, "\n"}}
		_, peer := d.joined(&s, network, address)
		got := make(chan string)
		go func() {
			p := make([]byte, 2*len(data)+1)
			io.ReadFull(peer, p)
			got <- string(p)
		}()
		d.until("all was sent", func() bool { return s.Buffered() == 0 })
		if text := <-got; text != data+data+"\n" {
			t.Errorf("%d bytes came, and they are not right", len(text))
		}
	})
}

// A buffered send keeps what comes before the connection, refuses what is too much, and is over when the peer is gone.
func TestBufferedSendCorners(t *testing.T) {
	l := newTestLoop(t, Options{HighWater: 100, MaxOutput: 1000})
	d := driver{t, l, false}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var s sender
	ch := d.connecting(&s, "tcp4", ln.Addr().String())
	if err := errors.Join(s.Send(ch, []byte("early ")), s.Send(ch, []byte("bird"))); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(ch, make([]byte, 1000)); !errors.Is(err, ErrOutputFull) || s.Buffered() != 10 {
		t.Fatalf("%v, %d bytes wait", err, s.Buffered())
	}
	peer, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	d.until("sent", func() bool { return s.Buffered() == 0 })
	expect(t, peer, "early bird")
	peer.Close()
	ch.Close()
	if err := s.Send(ch, []byte("x")); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

// CO-10: a pipe is read 13, 6 and on, and closed.
func TestCO10ReadPipe(t *testing.T) {
	overBoth(t, func(t *testing.T, d driver) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "It's not dead, it's sleeping!")
		sizes, got := []int{13, 6, 100}, transcript{}
		rec := recorder{}
		rec.read = func(ch *Channel) error {
			p := make([]byte, sizes[0])
			n, err := ch.Recv(p)
			if err == nil && len(sizes) > 1 {
				sizes = sizes[1:]
			}
			if n > 0 {
				got.add("%s", p[:n])
			}
			return err
		}
		d.do(func() { rec.ch, err = d.l.AddFile(r, &rec) })
		if err != nil {
			t.Fatal(err)
		}
		r.Close() // the channel has its own
		d.until("all was read", func() bool { return len(got) == 3 })
		d.do(func() { got.is(t, "It's not dead", ", it's", " sleeping!") })
		w.Close()
		d.until("closed", func() bool { return rec.ch.Closed() })
		d.do(func() {
			if n, err := rec.ch.Recv(make([]byte, 1)); n != 0 || !errors.Is(err, ErrClosed) {
				t.Errorf("after the close: %d, %v", n, err)
			}
		})
	})
}

// CO-11: writes to a pipe come in order.
func TestCO11WritePipe(t *testing.T) {
	overBoth(t, func(t *testing.T, d driver) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var s sender
		var ch *Channel
		d.do(func() {
			if ch, err = d.l.AddFile(w, &s); err == nil {
				err = errors.Join(s.Send(ch, []byte("one ")), s.Send(ch, []byte("two")))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
		d.until("written", func() bool { return s.Buffered() == 0 })
		d.do(ch.Close)
		d.settle()
		if got, err := io.ReadAll(r); string(got) != "one two" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// CO-12: a dispatcher of a file runs for 2 rounds. One that wants to write is asked in each.
func TestCO12TwoRounds(t *testing.T) {
	l := newTestLoop(t, Options{})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rec := recorder{writing: true}
	rec.wrote = func(*Channel) error { rec.writing = true; return nil }
	if _, err := l.AddFile(w, &rec); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if err := l.Rounds(time.Second, 2); err != nil {
		t.Fatal(err)
	}
	rec.events.is(t, "write", "write")
}

// CO-13: the second close is silent, and the descriptor of another is left alone.
func TestCO13DoubleClose(t *testing.T) {
	overBoth(t, func(t *testing.T, d driver) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		var rec recorder
		d.do(func() { rec.ch, err = d.l.AddFile(r, &rec) })
		if err != nil {
			t.Fatal(err)
		}
		d.do(rec.ch.Close)
		d.settle()
		again, err := os.Open("/dev/null") // takes the number that is free
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		d.do(rec.ch.Close)
		d.settle()
		d.do(func() { rec.events.is(t, "close") })
		if _, err := again.Stat(); err != nil {
			t.Error(err)
		}
		if _, err := r.Stat(); err != nil {
			t.Error("the caller's file was closed:", err)
		}
		r.Close()
		if _, err := d.l.AddFile(r, &rec); err == nil {
			t.Error("a closed file was added")
		}
	})
}

// An eventfd and a pseudo-terminal are channels as a pipe is.
func TestOtherDescriptors(t *testing.T) {
	overBoth(t, func(t *testing.T, d driver) {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		var count recorder
		d.do(func() { _, err = d.l.Add(fd, &count) })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Write(fd, []byte{5, 0, 0, 0, 0, 0, 0, 0}); err != nil {
			t.Fatal(err)
		}
		d.until("counted", func() bool { return len(count.data) == 8 && count.data[0]+count.data[7] == 5 })

		master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer master.Close()
		var tty recorder
		d.do(func() { tty.ch, err = d.l.AddFile(master, &tty) })
		if err != nil {
			t.Fatal(err)
		}
		d.do(func() {
			if n, err := tty.ch.Send([]byte("line\n")); n != 5 || err != nil { // which it echoes
				t.Errorf("%d, %v", n, err)
			}
		})
		d.until("echoed", func() bool { return string(tty.data) == "line\r\n" })
	})
}

// Rounds runs until nothing is left: a listener, a chat connection and a raw dispatcher of one loop, each closed in a
// callback, and channels that callbacks add take part.
func TestRoundsUntilEmpty(t *testing.T) {
	l := newTestLoop(t, Options{})
	if err := l.Rounds(-1, -1); err != nil { // nothing at all: no wait
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		c.SetTerminator(lit("\n"))
		return HandlerFunc(func(c *Conn, data []byte, found bool) error {
			lines <- string(data)
			c.Close()
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	raw := sender{first: []string{"a line\n"}}
	l.After(time.Millisecond, func() {
		ch, err := l.Socket("tcp4", &raw)
		if err == nil {
			err = ch.Connect(ln.Addr().String())
		}
		if err != nil {
			t.Error(err)
		}
		ln.Close()
	})
	done := make(chan error, 1)
	go func() { done <- l.Rounds(-1, -1) }()
	if err := wait(t, done); err != nil {
		t.Fatal(err)
	}
	if got := wait(t, lines); got != "a line" || l.Len() != 0 {
		t.Errorf("%q, %d channels", got, l.Len())
	}
}

// Several loops of one process know nothing of each other.
func TestIndependentLoops(t *testing.T) {
	a, b := newTestLoop(t, Options{}), newTestLoop(t, Options{})
	var ra, rb recorder
	driver{t, a, false}.joined(&ra, "tcp4", "127.0.0.1:0")
	driver{t, b, false}.joined(&rb, "tcp4", "127.0.0.1:0")
	a.CloseAll(nil)
	rounds(t, a, 2)
	rounds(t, b, 2)
	ra.events.is(t, "connect", "close")
	rb.events.is(t, "connect")
}

// A channel that a callback closes gets no more events in that round, whichever comes first.
func TestNoEventAfterClose(t *testing.T) {
	overBoth(t, func(t *testing.T, d driver) {
		var a, b recorder
		ca, pa := d.joined(&a, "tcp4", "127.0.0.1:0")
		cb, pb := d.joined(&b, "tcp4", "127.0.0.1:0")
		a.read = func(*Channel) error { cb.Close(); return nil }
		b.read = func(*Channel) error { ca.Close(); return nil }
		d.do(func() { // both are readable before the next round
			io.WriteString(pa, "x")
			io.WriteString(pb, "x")
		})
		d.until("one closed", func() bool { return len(a.events)+len(b.events) >= 4 })
		d.do(func() {
			if ca.Closed() == cb.Closed() {
				t.Errorf("%q, %q", a.events, b.events)
			}
			d.l.CloseAll(nil)
		})
	})
}

// Datagrams over UDP and unix sockets, connected or not.
func TestDatagramDispatcher(t *testing.T) {
	for _, network := range []string{"udp4", "udp6", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			overBoth(t, func(t *testing.T, d driver) {
				var got transcript
				server := recorder{}
				server.read = func(ch *Channel) error {
					p := make([]byte, 100)
					n, from, err := ch.RecvFrom(p)
					if err != nil || from == nil {
						return err
					}
					got.add("%s", p[:n])
					_, err = ch.SendTo(append(p[:n], '!'), from)
					return err
				}
				var client recorder
				var a, b *Channel
				var err error
				d.do(func() {
					a, err = d.l.Socket(network, &server)
					if err == nil {
						b, err = d.l.Socket(network, &client)
					}
					if err == nil {
						err = errors.Join(a.Bind(anyAddr(t, network)), b.Bind(anyAddr(t, network)))
					}
					if err == nil {
						err = b.Connect(a.LocalAddr().String())
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				d.until("connected", func() bool { return b.Connected() })
				d.do(func() {
					for _, p := range []string{"one", "", "two"} {
						if n, err := b.Send([]byte(p)); n != len(p) || err != nil {
							t.Errorf("sent %d, %v", n, err)
						}
					}
				})
				d.until("answered", func() bool { return string(client.data) == "one!!two!" })
				d.do(func() { got.is(t, "one", "", "two"); d.l.CloseAll(nil) })
			})
		})
	}
}

func TestSocketRefuses(t *testing.T) {
	l := newTestLoop(t, Options{})
	for _, network := range []string{"", "tcp", "udp", "ip4"} {
		if _, err := l.Socket(network, &recorder{}); !errors.Is(err, ErrOption) {
			t.Errorf("%q: %v", network, err)
		}
	}
	ch, err := l.Socket("tcp4", &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 3) // a fresh socket is not polled
	for _, addr := range []string{"", "nothing", "127.0.0.1:x", "[::1]:1"} {
		if err := ch.Connect(addr); err == nil {
			t.Errorf("connected to %q", addr)
		}
		if err := ch.Bind(addr); err == nil {
			t.Errorf("bound to %q", addr)
		}
	}
	ch.Close()
	for name, err := range map[string]error{"Bind": ch.Bind("127.0.0.1:0"), "Listen": ch.Listen(1), "Connect": ch.Connect("127.0.0.1:1"), "reuse": ch.SetReuseAddr()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s of a closed channel: %v", name, err)
		}
	}
}

// A socket of IPv6 answers a datagram that came over IPv4.
func TestDatagramOverBothFamilies(t *testing.T) {
	l := newTestLoop(t, Options{})
	server := &recorder{}
	server.read = func(ch *Channel) error {
		p := make([]byte, 10)
		n, from, err := ch.RecvFrom(p)
		if err != nil || from == nil {
			return err
		}
		_, err = ch.SendTo(p[:n], from)
		return err
	}
	ch, err := l.Socket("udp6", server)
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Bind(":0"); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.SendTo([]byte("x"), &net.TCPAddr{}); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
	port := ch.LocalAddr().(*net.UDPAddr).Port
	nc, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, "four")
	rounds(t, l, 3)
	expect(t, nc, "four")
}
