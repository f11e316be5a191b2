//go:build linux

package loop

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// endpoint is the far side of a connection in a run: a bare socket that the run itself serves, between two turns of the
// loop. It sends out, in writes of at most chunk bytes, ends its side if it is to, and keeps what it gets.
type endpoint struct {
	fd      int // -1: closed
	out     []byte
	sent    int
	chunk   int          // bytes of a write; 0: all
	gulp    int          // bytes of a read, one a step; 0: all that is there
	stays   bool         // ends its side only when the loop has
	deaf    bool         // does not read
	name    string       // its address, if it has one
	accepts func(fd int) // it is a listening socket
	got     []byte
	ended   bool // its side
	eof     bool // the loop's side
	failed  error
}

// step does what can be done without waiting.
func (e *endpoint) step() {
	if e.fd < 0 || e.failed != nil {
		return
	}
	if e.accepts != nil {
		if fd, _, err := unix.Accept4(e.fd, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK); err == nil {
			e.accepts(fd)
		}
		return
	}
	e.send()
	for !e.deaf && !e.eof && e.failed == nil && e.receive() && e.gulp == 0 {
	}
}

// send sends one write's worth, and the end of the stream behind the last.
func (e *endpoint) send() {
	if rest := e.out[e.sent:]; len(rest) > 0 {
		if e.chunk > 0 {
			rest = rest[:min(e.chunk, len(rest))]
		}
		n, err := unix.SendmsgN(e.fd, rest, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if err != nil && err != unix.EAGAIN {
			e.sent, e.ended = len(e.out), true // nobody listens, but there may be something to read
			return
		}
		e.sent += max(n, 0)
	}
	if e.sent == len(e.out) && (!e.stays || e.eof) && !e.ended {
		e.ended = true
		_ = unix.Shutdown(e.fd, unix.SHUT_WR) // ENOTCONN: the loop has gone already
	}
}

// receive reads once, and tells whether there may be more.
func (e *endpoint) receive() bool {
	size := e.gulp
	if size == 0 {
		size = 32 << 10
	}
	p := make([]byte, size)
	n, _, err := unix.Recvfrom(e.fd, p, unix.MSG_DONTWAIT)
	switch {
	case err == unix.EAGAIN:
		return false
	case err != nil:
		e.failed = err
	case n == 0:
		e.eof = true
	default:
		e.got = append(e.got, p[:n]...)
	}
	return true
}

// over tells whether nothing more comes of it.
func (e *endpoint) over() bool {
	return e.fd < 0 || e.failed != nil || e.accepts != nil || e.deaf || e.eof && e.ended
}

func (e *endpoint) close() {
	if e.fd >= 0 {
		unix.Close(e.fd)
	}
	e.fd = -1
}

// numbered is n lines, each of which says which it is and is width bytes long with its end.
func numbered(n, width int) string {
	var b strings.Builder
	for i := range n {
		line := strconv.Itoa(i)
		b.WriteString(line)
		b.WriteString(strings.Repeat(".", max(0, width-len(line)-2)))
		b.WriteString("\r\n")
	}
	return b.String()
}

// counted is n bytes of which each place can be told from its neighbours.
func counted(n int) []byte {
	p := make([]byte, 0, n+8)
	for i := 0; len(p) < n; i++ {
		p = fmt.Appendf(p, "%06x ", i)
	}
	return p[:n]
}

// unixPair is two ends of one unix stream, whose buffers take about size bytes; 0: the kernel's default.
func unixPair(size int) (fds [2]int, err error) {
	if fds, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err == nil && size > 0 {
		for _, fd := range fds {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, size) // a hint
		}
	}
	return fds, err
}

// bareListener listens on a free port of 127.0.0.1, or is only bound to it.
func bareListener(listens bool) (fd int, address string, err error) {
	if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return -1, "", err
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err == nil && listens {
		err = unix.Listen(fd, 16)
	}
	sa, nameErr := unix.Getsockname(fd)
	if err != nil || nameErr != nil {
		unix.Close(fd)
		return -1, "", fmt.Errorf("a bare listener: %v, %v", err, nameErr)
	}
	return fd, netAddrOf(sa).String(), nil
}

// connectTo is a socket that is connected to a listening one; the kernel does that without the listener's help.
func connectTo(addr net.Addr) (fd int, err error) {
	sas, err := resolve(context.Background(), addr.Network(), addr.String(), false)
	if err != nil {
		return -1, err
	}
	if fd, err = unix.Socket(family(sas[0]), unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return -1, err
	}
	if err = unix.Connect(fd, sas[0]); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
