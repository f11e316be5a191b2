//go:build linux

package loop

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// reply is a dispatcher that sends back what comes.
type reply struct {
	BufferedDispatcher
	buf    [4096]byte
	cause  error
	closed int
}

func (r *reply) HandleRead(ch *Channel) error {
	n, err := ch.Recv(r.buf[:])
	if err != nil {
		return err
	}
	return r.Send(ch, r.buf[:n])
}

func (r *reply) HandleClose(_ *Channel, cause error) { r.cause = cause; r.closed++ }

// replyServer accepts connections of dispatchers that reply.
type replyServer struct {
	BaseDispatcher
	all []*reply
}

func (s *replyServer) HandleAccepted(ch *Channel, fd int, _ net.Addr) error {
	r := &reply{}
	if _, err := ch.Loop().AddOwned(fd, r); err != nil {
		return nil // that one is lost, and closed; the listener stays
	}
	s.all = append(s.all, r)
	return nil
}

// dispatcherFaults puts f before the calls that dispatchers make.
func dispatcherFaults(l *Loop, f *faults) {
	f.inject(l)
	calls := *l.calls
	real := *l.calls
	calls.GetsockoptInt = func(fd, level, opt int) (int, error) {
		if f.next("getsockopt") {
			return 0, f.errno
		}
		return real.GetsockoptInt(fd, level, opt)
	}
	calls.Output.Write = func(fd int, p []byte) (int, syscall.Errno) {
		if f.next("send") {
			return -1, f.errno
		}
		return real.Output.Write(fd, p)
	}
	l.calls = &calls
}

// Every system call of dispatchers fails once, with each errno: what comes back is a prefix, each channel closes once, and the
// listener serves the next.
func TestDispatcherCallsFailOnce(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EINTR, unix.EAGAIN, unix.ECONNRESET, unix.EPIPE, unix.ENOMEM, unix.EMFILE, unix.ECONNABORTED} {
		runs := 0
		for k := 1; ; k++ {
			f := &faults{at: k, errno: errno}
			dispatcherScenario(t, f)
			if f.hit == "" {
				break
			}
			runs++
		}
		if runs < 8 {
			t.Fatalf("%v: only %d calls were made to fail", errno, runs)
		}
	}
}

func dispatcherScenario(t *testing.T, f *faults) {
	t.Helper()
	l := newTestLoop(t, Options{})
	server := &replyServer{}
	_, addr := driver{t, l, false}.listening(server, "tcp4", "127.0.0.1:0")
	dispatcherFaults(l, f)
	text := strings.Repeat("0123456789", 2000)
	got := talk(t, l, addr, text)
	if !strings.HasPrefix(text, got) {
		t.Fatalf("%v at call %d (%s): what came back is no prefix of what was sent", f.errno, f.at, f.hit)
	}
	if f.errno == unix.EINTR && f.hit != "getsockopt" && got != text {
		t.Fatalf("%v at call %d (%s): %d bytes of %d came back", f.errno, f.at, f.hit, len(got), len(text))
	}
	f.at = 0 // the fault clears
	if l.Len() == 0 {
		if f.hit != "epoll_ctl" {
			t.Fatalf("%v at call %d (%s): the listener is gone", f.errno, f.at, f.hit)
		}
		return // its own registration failed
	}
	if again := talk(t, l, addr, "again"); again != "again" {
		t.Fatalf("%v at call %d (%s): the next connection got %q", f.errno, f.at, f.hit, again)
	}
	for _, r := range server.all {
		if r.closed != 1 {
			t.Fatalf("%v at call %d (%s): closed %d times", f.errno, f.at, f.hit, r.closed)
		}
	}
}

// A dispatcher that replies costs no garbage.
func TestDispatchersAllocateNothing(t *testing.T) {
	l := newTestLoop(t, Options{})
	fd, peer := socketPair(t)
	if _, err := l.AddOwned(fd, &reply{}); err != nil {
		t.Fatal(err)
	}
	p := []byte("a message")
	if n := testing.AllocsPerRun(200, func() { exchange(t, l, peer, p, p) }); n > 0 {
		t.Errorf("%v allocations a message", n)
	}
}

// shy closes its channel while it is asked.
type shy struct {
	recorder
	asked func()
}

func (s *shy) Readable() bool {
	if s.asked != nil {
		s.asked()
	}
	return true
}

// A channel that closes while its predicates are asked, in a callback, or outside of rounds, is told once, and no more is
// asked of it.
func TestCloseAnywhere(t *testing.T) {
	l := newTestLoop(t, Options{})
	asked := 0
	s := &shy{}
	fd, peer := socketPair(t)
	ch, err := l.AddOwned(fd, s)
	if err != nil {
		t.Fatal(err)
	}
	s.asked = func() { asked++; ch.Close(); ch.Close() }
	unix.Write(peer, []byte("x"))
	rounds(t, l, 3)
	s.events.is(t, "close")
	if asked != 1 || s.cause != nil {
		t.Errorf("asked %d times, cause %v", asked, s.cause)
	}
	fd, _ = socketPair(t)
	r := &recorder{}
	if ch, err = l.AddOwned(fd, r); err != nil {
		t.Fatal(err)
	}
	ch.Close()
	r.events.is(t) // callbacks come in rounds only
	if err := l.Rounds(time.Second, -1); err != nil {
		t.Fatal(err)
	}
	r.events.is(t, "close")
}

// panicky panics wherever it can.
type panicky struct {
	recorder
	where string
}

func (p *panicky) Writable() bool                    { p.at("Writable"); return false }
func (p *panicky) HandleRead(ch *Channel) error      { p.at("HandleRead"); return p.recorder.HandleRead(ch) }
func (p *panicky) HandleError(*Channel, error) error { p.at("HandleError"); return nil }
func (p *panicky) HandleClose(ch *Channel, err error) {
	p.recorder.HandleClose(ch, err)
	p.at("HandleClose")
}

func (p *panicky) at(where string) {
	if strings.Contains(p.where, where) {
		panic(where)
	}
}

// A panic anywhere in a dispatcher ends that channel at most, and it is told once.
func TestDispatcherPanicsAnywhere(t *testing.T) {
	for where, want := range map[string]int{"HandleRead": 2, "HandleRead HandleError": 1, "Writable HandleError": 1, "HandleClose": 1} {
		l := newTestLoop(t, Options{})
		fd, peer := socketPair(t)
		p := &panicky{where: where}
		if _, err := l.AddOwned(fd, p); err != nil {
			t.Fatal(err)
		}
		r := &reply{}
		fd, neighbour := socketPair(t)
		if _, err := l.AddOwned(fd, r); err != nil {
			t.Fatal(err)
		}
		unix.Write(peer, []byte("x"))
		if where == "HandleClose" {
			unix.Shutdown(peer, unix.SHUT_WR)
		}
		rounds(t, l, 5)
		if l.Len() != want {
			t.Errorf("%s: %d channels, want %d", where, l.Len(), want)
		}
		if closes := strings.Count(strings.Join(p.events, " "), "close"); closes != 2-want {
			t.Errorf("%s: told %d times: %q", where, closes, p.events)
		}
		exchange(t, l, neighbour, []byte("alive"), []byte("alive"))
		l.Close()
	}
}

// Bytes that came before the peer hung up are read before the close, whatever the dispatcher wants meanwhile.
func TestDispatcherReadsAllBeforeTheEnd(t *testing.T) {
	l := newTestLoop(t, Options{})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var got int
	rec := &recorder{}
	rec.read = func(ch *Channel) error {
		n, err := ch.Recv(make([]byte, 100))
		got += n
		return err
	}
	if _, err := l.AddFile(r, rec); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if n, err := w.Write(make([]byte, 12345)); n != 12345 || err != nil {
		t.Fatal(n, err)
	}
	w.Close()
	if err := l.Rounds(-1, -1); err != nil {
		t.Fatal(err)
	}
	if got != 12345 || !errors.Is(rec.cause, io.EOF) {
		t.Errorf("%d bytes, then %v", got, rec.cause)
	}
}

// A dispatcher that nobody completed closes when it would spin, and says why.
func TestBareDispatcher(t *testing.T) {
	l := newTestLoop(t, Options{})
	fd, peer := socketPair(t)
	if _, err := l.AddOwned(fd, BaseDispatcher{}); err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 3)
	unix.Write(peer, []byte("x"))
	rounds(t, l, 1)
	if l.Len() != 0 {
		t.Error("it is readable for ever")
	}
}

// Nothing is added to a loop that has ended, and what was given to it is closed.
func TestAddToAClosedLoop(t *testing.T) {
	l := newTestLoop(t, Options{})
	l.Close()
	fd, peer := socketPair(t)
	if _, err := l.AddOwned(fd, BaseDispatcher{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if n, err := unix.Read(peer, make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("the descriptor is open: %d, %v", n, err)
	}
	if _, err := l.Socket("tcp4", BaseDispatcher{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := l.Rounds(0, 1); err != nil { // nothing is left on it
		t.Error(err)
	}
}
