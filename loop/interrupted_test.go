//go:build linux

package loop

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// once answers errno the first time it is called, and then 0.
func once(errno syscall.Errno) func() syscall.Errno {
	return func() (answer syscall.Errno) {
		answer, errno = errno, 0
		return answer
	}
}

// A signal that interrupts the waking of a loop does not cost the wake-up. It would cost all later ones too, as the loop counts
// as awake until it has slept again.
func TestScenario09EINTRWakingALoop(t *testing.T) {
	calls, interrupted := sys.System(), once(unix.EINTR)
	write := calls.EventfdWrite
	calls.EventfdWrite = func(fd int) error {
		if errno := interrupted(); errno != 0 {
			return errno
		}
		return write(fd)
	}
	l := newTestLoop(t, Options{calls: calls})
	ran := false
	if err := l.Post(func() { ran = true }); err != nil {
		t.Fatal(err)
	}
	poll(t, l, func() bool { return ran })
}

// A signal that interrupts the reading of an urgent byte costs neither the byte nor the connection.
func TestScenario09EINTRReadingAnUrgentByte(t *testing.T) {
	calls, interrupted := sys.System(), once(unix.EINTR)
	recv := calls.RecvOOB
	calls.RecvOOB = func(fd int, p []byte) (int, error) {
		if errno := interrupted(); errno != 0 {
			return -1, errno
		}
		return recv(fd, p)
	}
	l := newTestLoop(t, Options{calls: calls})
	h := &urgentHooks{}
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(*Conn) Handler { return h })
	if err != nil {
		t.Fatal(err)
	}
	fd, err := connectTo(ln.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, []byte("!"), unix.MSG_OOB, nil); err != nil {
		t.Fatal(err)
	}
	poll(t, l, func() bool { return string(h.urgent) == "!" })
}

// So it is for a dispatcher, which sends one too.
func TestScenario09EINTRUrgentByteOfADispatcher(t *testing.T) {
	calls := sys.System()
	sending, receiving := once(unix.EINTR), once(unix.EINTR)
	send, recv := calls.SendOOB, calls.RecvOOB
	calls.SendOOB = func(fd int, p []byte) error {
		if errno := sending(); errno != 0 {
			return errno
		}
		return send(fd, p)
	}
	calls.RecvOOB = func(fd int, p []byte) (int, error) {
		if errno := receiving(); errno != 0 {
			return -1, errno
		}
		return recv(fd, p)
	}
	l := newTestLoop(t, Options{calls: calls})
	server, client := &talker{w: &witness{}}, &talker{w: &witness{}, urgent: true}
	listener := &talker{w: &witness{}, accept: func(_ *Channel, fd int) { _, _ = l.AddOwned(fd, server) }}
	lch, err := l.Socket("tcp4", listener)
	if err != nil {
		t.Fatal(err)
	}
	cch, err := l.Socket("tcp4", client)
	if err != nil {
		t.Fatal(err)
	}
	if err := lch.Bind("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if err := lch.Listen(1); err != nil {
		t.Fatal(err)
	}
	if err := cch.Connect(lch.LocalAddr().String()); err != nil {
		t.Fatal(err)
	}
	poll(t, l, func() bool { return string(server.took) == "!" || client.w.closes > 0 })
	if client.w.closes > 0 {
		t.Fatal(client.w.cause)
	}
}

// A listener that epoll has no memory for at first listens later: whoever called Listen was told that it does.
func TestListenerThatEpollRefusesAtFirst(t *testing.T) {
	calls := sys.System()
	refused := func() syscall.Errno { return 0 }
	control := calls.EpollCtl
	calls.EpollCtl = func(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno {
		if errno := refused(); errno != 0 {
			return errno
		}
		return control(epfd, op, fd, event)
	}
	l := newTestLoop(t, Options{calls: calls})
	opened := false
	h := &hooks{opened: func(*Conn) error { opened = true; return nil }}
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(*Conn) Handler { return h })
	if err != nil {
		t.Fatal(err)
	}
	refused = once(unix.ENOMEM)
	fd, err := connectTo(ln.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	poll(t, l, func() bool { return opened })
	if n := l.Stats().AcceptPauses; n != 1 {
		t.Fatalf("accepting paused %d times", n)
	}
}
