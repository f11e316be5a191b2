//go:build linux

package sim

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// bench is a kernel with an epoll, a listener on port 1 and a client that is connected to it.
type bench struct {
	*testing.T
	k      *Kernel
	calls  *sys.Calls
	epfd   int
	lfd    int
	client *Socket
}

func newBench(t *testing.T, send, receive int) *bench {
	b := &bench{T: t, k: New(Config{Seed: 1, MaxFDs: 10, SendBytes: [2]int{send, send}, RecvBytes: [2]int{receive, receive},
		DelayNs: [2]int64{1e6, 1e6}})}
	b.calls = b.k.System()
	b.epfd, _ = b.calls.EpollCreate()
	b.lfd, _ = b.calls.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	_ = b.calls.Bind(b.lfd, &unix.SockaddrInet4{Port: 1})
	if err := b.calls.Listen(b.lfd, 1); err != nil {
		t.Fatal(err)
	}
	b.client = b.k.Dial(1, nil)
	return b
}

// accepted is the loop's end of the client's connection.
func (b *bench) accepted() int {
	b.Helper()
	b.pass(10)
	var from unix.RawSockaddrAny
	fd, errno := b.calls.Accept(b.lfd, &from)
	if errno != 0 {
		b.Fatal(errno)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP, Fd: 7, Pad: 8}
	if errno := b.calls.EpollCtl(b.epfd, unix.EPOLL_CTL_ADD, fd, &event); errno != 0 {
		b.Fatal(errno)
	}
	return fd
}

// pass lets ms milliseconds pass.
func (b *bench) pass(ms int64) {
	end := b.k.now + ms*1e6
	for len(b.k.pending) > 0 && b.k.pending[0].when <= end {
		b.k.now = b.k.pending[0].when
		b.k.runDue()
	}
	b.k.now = end
}

// ready checks what epoll reports.
func (b *bench) ready(want uint32) {
	b.Helper()
	var events [4]unix.EpollEvent
	n, errno := b.calls.EpollPoll(b.epfd, events[:])
	if got := events[0]; errno != 0 || n > 1 || got.Events != want || want != 0 && (got.Fd != 7 || got.Pad != 8) {
		b.Errorf("%d events, %+v, %v; want %#x", n, got, errno, want)
	}
}

func (b *bench) read(fd int, want string, wantErrno unix.Errno) {
	b.Helper()
	p := make([]byte, 100)
	n, errno := b.calls.Read(fd, p)
	if string(p[:n]) != want || errno != wantErrno {
		b.Errorf("read %q, %v; want %q, %v", p[:n], errno, want, wantErrno)
	}
}

const (
	in, out, rdhup = unix.EPOLLIN, unix.EPOLLOUT, unix.EPOLLRDHUP
	gone           = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLHUP
)

// Bytes, and the end of the stream behind them, take their time and are reported until they are read.
func TestStreamAndItsEnd(t *testing.T) {
	b := newBench(t, 100, 100)
	fd := b.accepted()
	b.ready(out)
	_, _ = b.client.Send([]byte("hello"))
	b.client.CloseWrite()
	b.ready(out)
	b.pass(2)
	b.ready(in | out | rdhup)
	b.ready(in | out | rdhup)
	b.read(fd, "hello", 0)
	b.read(fd, "", 0)
	b.ready(in | out | rdhup)
	if err := b.calls.Shutdown(fd, unix.SHUT_WR); err != nil {
		t.Error(err)
	}
	b.ready(gone)
}

// A sender takes what its buffer holds, and is writable again when a third of it is free.
func TestBuffersAreBounded(t *testing.T) {
	b := newBench(t, 90, 30)
	fd := b.accepted()
	p := bytes.Repeat([]byte("x"), 200)
	if n, errno := b.calls.Output.Write(fd, p); n != 90 || errno != 0 {
		t.Errorf("%d, %v", n, errno)
	}
	if _, errno := b.calls.Output.Write(fd, p); errno != unix.EAGAIN {
		t.Error(errno)
	}
	b.pass(5)
	for _, step := range []struct {
		read   int
		events uint32
		unsent int
	}{{0, out, 60}, {29, out, 31}, {30, out, 1}, {30, out, 0}} {
		_, _ = b.client.Recv(make([]byte, step.read))
		b.pass(5)
		b.ready(step.events)
		if n, _ := b.calls.OutQueue(fd); n != step.unsent {
			t.Errorf("after %d bytes read %d are not acknowledged, not %d", step.read, n, step.unsent)
		}
	}
}

// A reset leaves what had arrived to be read; then comes the error, once, and the end.
func TestResetAfterBytes(t *testing.T) {
	b := newBench(t, 100, 100)
	fd := b.accepted()
	_, _ = b.client.Send([]byte("last words"))
	b.client.Reset()
	b.pass(5)
	b.ready(gone | unix.EPOLLERR)
	b.read(fd, "last words", 0)
	b.read(fd, "", unix.ECONNRESET)
	b.ready(gone)
	b.read(fd, "", 0)
	if _, errno := b.calls.Output.Write(fd, []byte("x")); errno != unix.EPIPE {
		t.Error(errno)
	}
	if err := b.calls.Shutdown(fd, unix.SHUT_WR); err != unix.ENOTCONN {
		t.Error(err)
	}
}

// A close with something unread resets, and so does what comes to a socket that is closed.
func TestCloseWithUnread(t *testing.T) {
	for _, before := range []bool{true, false} {
		b := newBench(t, 100, 100)
		fd := b.accepted()
		if before {
			_, _ = b.client.Send([]byte("unread"))
			b.pass(5)
		}
		_ = b.calls.EpollCtl(b.epfd, unix.EPOLL_CTL_DEL, fd, &unix.EpollEvent{})
		_ = b.calls.Close(fd)
		if !before {
			_, _ = b.client.Send([]byte("too late"))
		}
		b.pass(5)
		if !b.client.WasReset() || b.client.err != unix.ECONNRESET && b.client.err != unix.EPIPE {
			t.Errorf("sent before the close %t: reset %t, %v", before, b.client.WasReset(), b.client.err)
		}
		if b.k.Err() != nil {
			t.Error(b.k.Err())
		}
	}
}

// The lowest free descriptor is given out, and one that is not open, or is still in epoll when it closes, is a finding.
func TestDescriptors(t *testing.T) {
	b := newBench(t, 100, 100)
	fd := b.accepted()
	if fd != FirstFD+2 {
		t.Errorf("descriptor %d", fd)
	}
	_ = b.calls.Close(fd)
	if b.k.Err() == nil {
		t.Error("closed within epoll, and nothing is said")
	}
	if again, _ := b.calls.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); again != fd {
		t.Errorf("descriptor %d, not %d again", again, fd)
	}
	b.k.finding = nil
	_, _ = b.calls.Read(fd+1, nil)
	if b.k.Err() == nil {
		t.Error("a descriptor that is not open is read, and nothing is said")
	}
}

// accept4 wants a descriptor before it looks into its queue, and a queue that is full has the client try again.
func TestAcceptQueue(t *testing.T) {
	b := newBench(t, 100, 100)
	for range 3 { // the queue holds two
		b.k.Dial(1, nil)
	}
	b.pass(10)
	var from unix.RawSockaddrAny
	b.k.MaxFDs = b.k.open
	if _, errno := b.calls.Accept(b.lfd, &from); errno != unix.EMFILE {
		t.Error(errno)
	}
	b.k.MaxFDs = 100
	accept := func(want int) {
		t.Helper()
		n := 0
		for errno := unix.Errno(0); errno == 0; n++ {
			_, errno = b.calls.Accept(b.lfd, &from)
		}
		if n-1 != want {
			t.Errorf("%d accepted, not %d", n-1, want)
		}
	}
	accept(2)
	b.pass(1100)
	accept(2)
}

// A connect is answered late, with a connection or an error.
func TestConnect(t *testing.T) {
	b := newBench(t, 100, 100)
	for port, want := range map[int]unix.Errno{1: 0, 2: unix.ECONNREFUSED} {
		fd, _ := b.calls.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err := b.calls.Connect(fd, &unix.SockaddrInet4{Port: port}); err != unix.EINPROGRESS {
			t.Error(err)
		}
		s := b.k.SocketOf(fd)
		if s.ready() != 0 {
			t.Errorf("ready for %#x at once", s.ready())
		}
		b.pass(5)
		if s.ready()&out == 0 {
			t.Error("not writable in the end")
		}
		if errno, _ := b.calls.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); errno != int(want) {
			t.Errorf("port %d: %v", port, unix.Errno(errno))
		}
	}
}
