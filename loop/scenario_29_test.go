//go:build linux

package loop

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// dialled is what a handler saw of a Dial.
type dialled struct {
	opened, others int
	causes         []error
}

// handler counts.
func (d *dialled) handler(c *Conn) Handler {
	_ = c.PushString("early") // which must go nowhere
	return &hooks{
		opened:  func(*Conn) error { d.opened++; return nil },
		receive: func(*Conn, []byte, bool) error { d.others++; return nil },
		drained: func(*Conn) error { d.others++; return nil },
		closed:  func(_ *Conn, cause error) { d.causes = append(d.causes, cause) },
	}
}

// failed sees that there was one Closed, with this cause, and no more.
func (d *dialled) failed(t *testing.T, l *Loop, want error) {
	t.Helper()
	poll(t, l, func() bool { return len(d.causes) > 0 })
	rounds(t, l, 5)
	if d.opened != 0 || d.others != 0 || len(d.causes) != 1 || !errors.Is(d.causes[0], want) {
		t.Errorf("%d times opened, %d other callbacks, Closed had %v; want %v", d.opened, d.others, d.causes, want)
	}
}

// fullListener is a listening socket whose queue is full, so that connecting to it goes on and on.
func fullListener(t *testing.T) (fd int, addr string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	local := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err := errors.Join(unix.Bind(fd, local), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // a backlog of 0 is one that waits, and what else the kernel lets in
		client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(client) })
		if err := unix.Connect(client, sa); err != nil && err != unix.EINPROGRESS {
			t.Fatal(err)
		}
	}
	return fd, netAddrOf(sa).String()
}

// Scenario 29: the peer refuses when the connect has long been under way. The cause of the one Closed is what
// SO_ERROR says then.
func TestScenario29RefusedLate(t *testing.T) {
	l := newTestLoop(t, Options{})
	listener, addr := fullListener(t)
	d := &dialled{}
	if err := l.Dial("tcp", addr, d.handler); err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 5)
	if d.opened != 0 || len(d.causes) != 0 {
		t.Fatalf("the listener is not full: opened %d times, closed with %v", d.opened, d.causes)
	}
	if err := unix.Shutdown(listener, unix.SHUT_RD); err != nil { // ends the listening; the number stays ours
		t.Fatal(err)
	}
	d.failed(t, l, unix.ECONNREFUSED) // at the kernel's next SYN, after a second
	stillEchoes(t, l)
}

// Scenario 29: nobody answers.
func TestScenario29NoAnswer(t *testing.T) {
	l := newTestLoop(t, Options{ConnectTimeout: 50 * time.Millisecond})
	_, addr := fullListener(t)
	d := &dialled{}
	if err := l.Dial("tcp", addr, d.handler); err != nil {
		t.Fatal(err)
	}
	d.failed(t, l, ErrConnectTimeout)
	stillEchoes(t, l)
}

// Scenario 29, what this machine cannot have happen: the kernel's verdict comes by SO_ERROR, or getsockopt(2) fails,
// or the socket hangs up. Not even the bytes that the factory has pushed are tried.
func TestScenario29EveryLateError(t *testing.T) {
	late := []syscall.Errno{unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ETIMEDOUT, unix.ECONNRESET, unix.ENOPROTOOPT}
	for _, errno := range late {
		for _, network := range []string{"tcp", "unix"} {
			t.Run(network+" "+errno.Error(), func(t *testing.T) {
				calls := sys.System()
				looked, wrote := 0, 0
				calls.Connect = func(fd int, _ unix.Sockaddr) error { return unix.EINPROGRESS }
				calls.GetsockoptInt = func(fd, level, opt int) (int, error) {
					if looked++; level != unix.SOL_SOCKET || opt != unix.SO_ERROR {
						t.Errorf("getsockopt of level %d, option %d", level, opt)
					}
					if errno == unix.ENOPROTOOPT { // stands for a getsockopt that fails itself
						return 0, errno
					}
					return int(errno), nil
				}
				write := calls.Output.Write
				calls.Output.Write = func(fd int, p []byte) (int, syscall.Errno) { wrote++; return write(fd, p) }
				l := newTestLoop(t, Options{calls: calls})
				address := map[string]string{"tcp": "127.0.0.1:1", "unix": "@nobody"}[network]
				d := &dialled{}
				if err := l.Dial(network, address, d.handler); err != nil {
					t.Fatal(err)
				}
				d.failed(t, l, errno) // an unconnected socket hangs up at once, and is writable
				if looked != 1 || wrote != 0 {
					t.Errorf("looked %d times at SO_ERROR, wrote %d times", looked, wrote)
				}
			})
		}
	}
}

// Scenario 29: of a name with two addresses the first fails late. The second is tried, and nothing is told of the
// first.
func TestScenario29NextAddress(t *testing.T) {
	calls, failed := sys.System(), false
	calls.GetsockoptInt = func(fd, level, opt int) (int, error) {
		if opt == unix.SO_ERROR && !failed {
			failed = true
			return int(unix.EHOSTUNREACH), nil
		}
		return unix.GetsockoptInt(fd, level, opt)
	}
	connect := calls.Connect
	calls.Connect = func(fd int, sa unix.Sockaddr) error {
		if err := connect(fd, sa); err != nil {
			return err
		}
		return unix.EINPROGRESS // connected, in truth; so SO_ERROR is looked at
	}
	l := newTestLoop(t, Options{calls: calls})
	got := ""
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(*Conn) Handler {
		return &hooks{receive: func(_ *Conn, data []byte, _ bool) error { got += string(data); return nil }}
	})
	if err != nil {
		t.Fatal(err)
	}
	addrs, err := resolve(t.Context(), "tcp", ln.Addr().String(), false)
	if err != nil {
		t.Fatal(err)
	}
	d := &dialled{}
	if err := l.send(&adoption{fd: -1, factory: d.handler, dial: &dialing{addrs: append(addrs, addrs...)}}); err != nil {
		t.Fatal(err)
	}
	poll(t, l, func() bool { return d.opened > 0 && got != "" || len(d.causes) > 0 })
	if !failed || d.opened != 1 || len(d.causes) != 0 || got != "early" {
		t.Errorf("failed: %t, opened %d times, closed with %v, %q came", failed, d.opened, d.causes, got)
	}
	l.CloseAll(io.ErrNoProgress)
	poll(t, l, func() bool { return len(d.causes) > 0 })
}
