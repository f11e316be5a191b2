//go:build linux

package loop

import (
	"encoding/binary"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// newSeamLoop is a loop that the test drives with Poll, and some of whose system calls are the test's.
func newSeamLoop(t testing.TB, o Options, change func(calls *sys.Calls)) *Loop {
	t.Helper()
	o.calls = sys.System()
	change(o.calls)
	return newTestLoop(t, o)
}

// bareTCPPair returns a connection that the loop has accepted, and the client's descriptor, which does not block.
func bareTCPPair(t testing.TB, l *Loop, h Handler, setup func(c *Conn)) (*Conn, int) {
	t.Helper()
	var conn *Conn
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		conn = c
		if setup != nil {
			setup(c)
		}
		return h
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	fd := connectFD(t, ln)
	poll(t, l, func() bool { return conn != nil })
	return conn, fd
}

// connectFD connects to a listener. The descriptor does not block; it is closed with the test.
func connectFD(t testing.TB, ln *Listener) int {
	t.Helper()
	fd, err := connectTo(ln.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	return fd
}

// barePair returns a connection of a socket pair, and the descriptor of the other end, which does not block.
func barePair(t testing.TB, l *Loop, h Handler, setup func(c *Conn)) (*Conn, int) {
	t.Helper()
	fds, err := unixPair(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[1]) })
	return adoptOne(t, l, fds[0], h, setup), fds[1]
}

// say sends text, for which there is room.
func say(t testing.TB, fd int, text string) {
	t.Helper()
	if n, err := unix.Write(fd, []byte(text)); n != len(text) || err != nil {
		t.Fatalf("%d of %d bytes were sent: %v", n, len(text), err)
	}
}

// fill sends zeros until there is no room, and tells how many.
func fill(fd int) (n int) {
	var p [64 << 10]byte
	for {
		m, err := unix.Write(fd, p[:])
		if err != nil {
			return n
		}
		n += m
	}
}

// hear returns what has come, appended to got, and whether more may come.
func hear(fd int, got []byte) (all []byte, open bool) {
	var p [64 << 10]byte
	for {
		n, err := unix.Read(fd, p[:])
		if n <= 0 {
			return got, err == unix.EAGAIN
		}
		got = append(got, p[:n]...)
	}
}

// sendReset ends a connection by a RST.
func sendReset(t testing.TB, fd int) {
	t.Helper()
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		t.Fatal(err)
	}
	// The descriptor stays a valid one, for whoever closes it with the test.
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(null)
	if err := unix.Dup3(null, fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
}

// iovBytes is how many bytes a sendmsg is offered.
func iovBytes(iov []unix.Iovec) (n int) {
	for i := range iov {
		n += int(iov[i].Len)
	}
	return n
}

// takesAll makes the sockets of a loop take all that they are offered, and keep none of it.
func takesAll(calls *sys.Calls, offered func(n, slices int)) {
	calls.Output.Write = func(_ int, p []byte) (int, syscall.Errno) {
		offered(len(p), 1)
		return len(p), 0
	}
	calls.Output.Writev = func(_ int, iov []unix.Iovec) (int, syscall.Errno) {
		n := iovBytes(iov)
		offered(n, len(iov))
		return n, 0
	}
}

// resetAll closes descriptors by a RST, which leaves nothing behind in the kernel.
func resetAll(t testing.TB, fds []int) {
	t.Helper()
	for _, fd := range fds {
		sendReset(t, fd)
		unix.Close(fd)
	}
}

// placed is n bytes, each four of which tell their place.
func placed(n int) []byte {
	p := make([]byte, 0, n+4)
	for i := uint32(0); len(p) < n; i++ {
		p = binary.BigEndian.AppendUint32(p, i)
	}
	return p[:n]
}
