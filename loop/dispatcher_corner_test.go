//go:build linux

package loop

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// scripted is a dispatcher of funcs; one that is nil is BaseDispatcher's, but for Writable.
type scripted struct {
	BaseDispatcher
	readable, writable func() bool
	read, write        func(ch *Channel) error
	closed             func(ch *Channel, cause error)
	connected          bool
}

func (s *scripted) Readable() bool { return s.readable == nil || s.readable() }
func (s *scripted) Writable() bool { return s.writable != nil && s.writable() }

func (s *scripted) HandleRead(ch *Channel) error {
	if s.read == nil {
		_, err := ch.Recv(make([]byte, 100))
		return err
	}
	return s.read(ch)
}

func (s *scripted) HandleWrite(ch *Channel) error {
	if s.write == nil {
		return nil
	}
	return s.write(ch)
}

func (s *scripted) HandleConnect(*Channel) error { s.connected = true; return nil }

func (s *scripted) HandleClose(ch *Channel, cause error) {
	if s.closed != nil {
		s.closed(ch, cause)
	}
}

func yes() bool { return true }
func no() bool  { return false }

// inTime fails the test if f does not return.
func inTime(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s does not return", what)
	}
}

// Close of a loop, in a callback that Close runs or in what was posted, is the same Close.
func TestCloseWithinClose(t *testing.T) {
	l, err := NewLoop(quiet(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Socket("tcp4", &scripted{closed: func(*Channel, error) { l.Close() }}); err != nil {
		t.Fatal(err)
	}
	fd, _ := socketPair(t)
	if err := l.Adopt(fd, func(*Conn) Handler { return &hooks{closed: func(*Conn, error) { l.Close() }} }); err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 1)
	if err := l.Post(func() { l.Close() }); err != nil {
		t.Fatal(err)
	}
	inTime(t, "Close", func() { l.Close() })
	if err := l.Poll(0); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// forgiver forgives every error.
type forgiver struct{ scripted }

func (*forgiver) HandleError(*Channel, error) error { return nil }

// Predicates that panic and are forgiven are asked once a round, and keep no other from being asked.
func TestForgivenPredicate(t *testing.T) {
	l := newTestLoop(t, Options{})
	asked := 0
	for range 3 {
		fd, _ := socketPair(t)
		f := &forgiver{scripted{readable: func() bool { asked++; panic("no") }}}
		if _, err := l.AddOwned(fd, f); err != nil {
			t.Fatal(err)
		}
	}
	r := &reply{}
	fd, peer := socketPair(t)
	if _, err := l.AddOwned(fd, r); err != nil {
		t.Fatal(err)
	}
	inTime(t, "Poll", func() { rounds(t, l, 1) })
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
	exchange(t, l, peer, []byte("x"), []byte("x"))
}

// A client that makes a new channel whenever one closes keeps neither a turn nor Close from ending.
func TestReconnectForEver(t *testing.T) {
	l, err := NewLoop(quiet(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	made, refused := 0, false
	var connect func()
	connect = func() {
		ch, err := l.Socket("unix", &scripted{closed: func(*Channel, error) { connect() }})
		if err != nil {
			refused = errors.Is(err, ErrClosed)
			return
		}
		made++
		if ch.Connect("/nonexistent/socket") != nil {
			ch.Close()
		}
	}
	connect()
	inTime(t, "Poll", func() { rounds(t, l, 5) })
	if made > 10 {
		t.Errorf("%d sockets in 5 rounds", made)
	}
	inTime(t, "Close", func() { l.Close() })
	if !refused {
		t.Error("a loop that closes takes new channels")
	}
}

// The end of a stream of messages is an end.
func TestSeqpacketEnds(t *testing.T) {
	l := newTestLoop(t, Options{})
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var rec recorder
	if _, err := l.AddOwned(fds[0], &rec); err != nil {
		t.Fatal(err)
	}
	unix.Close(fds[1])
	rounds(t, l, 2)
	rec.events.is(t, "close")
}

// What an ICMP message says of an earlier datagram closes no socket, read or not.
func TestRefusedDatagramClosesNothing(t *testing.T) {
	nobody, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	for name, readable := range map[string]func() bool{"read": yes, "not read": no} {
		l := newTestLoop(t, Options{})
		refused, closed := 0, false
		note := func(err error) error {
			if errors.Is(err, unix.ECONNREFUSED) {
				refused++
			}
			return nil
		}
		s := &scripted{readable: readable, writable: yes, closed: func(*Channel, error) { closed = true }}
		s.read = func(ch *Channel) error { _, err := ch.Recv(make([]byte, 10)); return note(err) }
		s.write = func(ch *Channel) error { _, err := ch.Send([]byte("x")); return note(err) }
		ch, err := l.Socket("udp4", s)
		if err != nil {
			t.Fatal(err)
		}
		if err := ch.Connect(nobody.LocalAddr().String()); err != nil {
			t.Fatal(err)
		}
		rounds(t, l, 50)
		if closed || refused == 0 {
			t.Errorf("%s: closed %v, %d refused", name, closed, refused)
		}
	}
}

// No callback comes after Close, in whichever predicate that was called.
func TestNoCallbackAfterCloseInAPredicate(t *testing.T) {
	for _, when := range []int{1, 2, 3} { // of the calls of Readable: before the round, at the event, and after it
		l := newTestLoop(t, Options{})
		fd, peer := socketPair(t)
		unix.Write(peer, []byte("x"))
		var ch *Channel
		calls, after := 0, 0
		note := func() {
			if ch.Closed() {
				after++
			}
		}
		s := &scripted{}
		s.readable = func() bool {
			note()
			if calls++; calls == when {
				ch.Close()
			}
			return true
		}
		s.writable = func() bool { note(); return true }
		s.read = func(ch *Channel) error { note(); return nil }
		s.write = func(ch *Channel) error { note(); return nil }
		var err error
		if ch, err = l.AddOwned(fd, s); err != nil {
			t.Fatal(err)
		}
		rounds(t, l, 3)
		if after > 0 || !ch.Closed() {
			t.Errorf("closed in call %d of Readable: %d calls after it", when, after)
		}
	}
}

// What the peer sent before it went is read, whatever the writes say, and whether the dispatcher reads just then or not.
func TestBytesBeforeTheHangUp(t *testing.T) {
	const text = "a reply that was sent in full"
	for _, tt := range []struct {
		name   string
		paused int // rounds in which it does not want to read
		writes bool
	}{{"reads", 0, false}, {"writes too", 0, true}, {"reads later", 3, false}, {"reads later and writes", 3, true}} {
		l := newTestLoop(t, Options{})
		fd, peer := streamPair(t)
		unix.Write(peer, []byte(text))
		unix.Close(peer)
		var got []byte
		var cause error
		paused := tt.paused
		s := &scripted{readable: func() bool { return paused <= 0 }, writable: yes, closed: func(_ *Channel, err error) { cause = err }}
		s.read = func(ch *Channel) error {
			p := make([]byte, 8)
			n, err := ch.Recv(p)
			got = append(got, p[:n]...)
			return err
		}
		if tt.writes {
			s.write = func(ch *Channel) error { _, err := ch.Send([]byte("x")); return err }
		}
		if _, err := l.AddOwned(fd, s); err != nil {
			t.Fatal(err)
		}
		for range 15 {
			rounds(t, l, 1)
			paused--
		}
		if string(got) != text || l.Len() != 0 || cause == nil {
			t.Errorf("%s: %q, %d channels, cause %v", tt.name, got, l.Len(), cause)
		}
		if tt.writes && !errors.Is(cause, unix.EPIPE) && !errors.Is(cause, unix.ECONNRESET) {
			t.Errorf("%s: cause %v", tt.name, cause)
		}
	}
}

// streamPair returns two descriptors, which are the caller's.
func streamPair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

// Datagrams are not joined: a buffer that would is refused.
func TestBufferedDatagramIsRefused(t *testing.T) {
	l := newTestLoop(t, Options{})
	s := &sender{}
	ch, err := l.Socket("udp4", s)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(ch, []byte("x")); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
}

// An event that the kernel reported before Connect was called is not its answer.
func TestEventOfBeforeConnect(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	l := newTestLoop(t, Options{})
	fresh, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var target *Channel
	s := &scripted{}
	first := &scripted{read: func(ch *Channel) error {
		_, err := ch.Recv(make([]byte, 10))
		return errors.Join(err, target.Connect(ln.Addr().String()))
	}}
	fd, peer := socketPair(t)
	unix.Write(peer, []byte("x"))
	if _, err := l.AddOwned(fd, first); err != nil {
		t.Fatal(err)
	}
	if target, err = l.AddOwned(fresh, s); err != nil { // of which epoll reports a hang-up
		t.Fatal(err)
	}
	rounds(t, l, 1)
	if s.connected {
		t.Error("HandleConnect came in the turn of Connect")
	}
	poll(t, l, func() bool { return s.connected })
	if target.RemoteAddr() == nil {
		t.Error("connected to nobody")
	}
}

// selfAcceptor accepts from several listening channels in one callback.
type selfAcceptor struct {
	scripted
	all *[]*Channel
}

func (a *selfAcceptor) HandleAccept(*Channel) error {
	for _, ch := range *a.all {
		if _, _, err := ch.Accept(); err != nil {
			return err
		}
	}
	return nil
}

// An event of a listening channel that has been paused since does nothing.
func TestEventOfAPausedListener(t *testing.T) {
	l := newTestLoop(t, Options{})
	calls := *l.calls
	calls.Accept = func(int, *unix.RawSockaddrAny) (int, unix.Errno) { return -1, unix.EMFILE }
	l.calls = &calls
	var all []*Channel
	for range 2 {
		ch, addr := driver{t, l, false}.listening(&selfAcceptor{all: &all}, "tcp4", "127.0.0.1:0")
		all = append(all, ch)
		nc, err := net.Dial("tcp4", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
	}
	rounds(t, l, 1)
	if l.Len() != 2 || !all[0].Accepting() || !all[1].Accepting() {
		t.Errorf("%d channels", l.Len())
	}
}

// Rounds leaves no descriptor open.
func TestRoundsCloseDescriptors(t *testing.T) {
	l := newTestLoop(t, Options{})
	ln, err := l.Listen("tcp4", "127.0.0.1:0", func(*Conn) Handler { return HandlerFunc(echoLine) })
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 1)
	l.CloseAll(nil)
	if err := l.Rounds(time.Second, -1); err != nil {
		t.Fatal(err)
	}
	if nc, err := net.Dial("tcp4", ln.Addr().String()); err == nil {
		nc.Close()
		t.Error("the address still accepts")
	}
}

// Dispatchers goes over the channels; one that is detached is the caller's, is told nothing, and can be added again.
func TestDetachChannel(t *testing.T) {
	l := newTestLoop(t, Options{})
	var rec recorder
	fd, peer := socketPair(t)
	ch, err := l.AddOwned(fd, &rec)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	l.Dispatchers(func(each *Channel) bool { n++; return each == ch })
	unix.Write(peer, []byte("x"))
	got, err := ch.Detach()
	if n != 1 || got != fd || err != nil || l.Len() != 0 {
		t.Fatalf("%d dispatchers, descriptor %d, %v, %d channels", n, got, err, l.Len())
	}
	rounds(t, l, 2)
	rec.events.is(t)
	if _, err := ch.Detach(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	r := &reply{}
	if _, err := l.AddOwned(got, r); err != nil {
		t.Fatal(err)
	}
	exchange(t, l, peer, nil, []byte("x"))
}

// A dispatcher that never reads ends when its peer has gone, though bytes have come, or a pipe has some in it, that nobody reads.
func TestWriteOnlyDispatcherEnds(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	a, b := streamPair(t)
	for name, fds := range map[string][2]int{"socket": {a, b}, "pipe": {pipe[1], pipe[0]}} {
		l := newTestLoop(t, Options{DrainTimeout: 10 * time.Millisecond})
		closes := 0
		s := &scripted{readable: no, writable: yes, closed: func(*Channel, error) { closes++ }}
		s.write = func(ch *Channel) error { _, err := ch.Send([]byte("x")); return err }
		if _, err := l.AddOwned(fds[0], s); err != nil {
			t.Fatal(err)
		}
		rounds(t, l, 1)
		unix.Write(fds[1], []byte("y"))
		unix.Close(fds[1])
		poll(t, l, func() bool { return closes > 0 })
		if rounds(t, l, 2); closes != 1 || l.Len() != 0 {
			t.Errorf("%s: closed %d times, %d channels", name, closes, l.Len())
		}
	}
}

// In HandleClose the descriptor is open still, though another HandleClose has closed the channel.
func TestDescriptorInHandleClose(t *testing.T) {
	l := newTestLoop(t, Options{})
	fd, _ := socketPair(t)
	told := false
	second, err := l.AddOwned(fd, &scripted{closed: func(ch *Channel, _ error) {
		told = true
		if _, err := unix.FcntlInt(uintptr(ch.FD()), unix.F_GETFD, 0); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	fd, _ = socketPair(t)
	first, err := l.AddOwned(fd, &scripted{closed: func(*Channel, error) { second.Close() }})
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	if rounds(t, l, 3); !told {
		t.Error("nobody was told")
	}
}
