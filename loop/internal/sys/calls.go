//go:build linux

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/producer"
	"github.com/millrace-net/millrace/ringbuf"
)

// Calls holds every system call of one loop. All funcs are set; a test copies System and replaces
// what it wants to fail. The funcs are called by the loop's goroutine, except Close and
// Getsockname, which may be called by any.
type Calls struct {
	Output producer.Calls // send(2), sendmsg(2) and sendfile(2), for what a queue calls write, writev and sendfile
	Rings  ringbuf.Calls  // memfd_create, ftruncate, mmap, munmap

	// The hot ones answer an Errno, so that no error interface is built.

	// Read reads from a non-blocking socket: recv(2).
	Read func(fd int, p []byte) (int, syscall.Errno)
	// Recvmmsg takes up to len(msgs) datagrams: recvmmsg(2), with MSG_TRUNC, so that Len is the size that the datagram
	// had. Each message has one slice.
	Recvmmsg func(fd int, msgs []Mmsghdr) (int, syscall.Errno)
	// Sendmmsg sends the first of msgs, as many as are taken: sendmmsg(2). An error is that of the first.
	Sendmmsg func(fd int, msgs []Mmsghdr) (int, syscall.Errno)
	// EpollWait blocks up to ms milliseconds, -1 for ever: epoll_wait(2).
	EpollWait func(epfd int, events []unix.EpollEvent, ms int) (int, syscall.Errno)
	// EpollPoll looks without blocking: epoll_wait(2) with a zero timeout.
	EpollPoll func(epfd int, events []unix.EpollEvent) (int, syscall.Errno)
	// EpollCtl is epoll_ctl(2).
	EpollCtl func(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno
	// Now is the monotonic clock, in nanoseconds from an arbitrary start.
	Now func() int64

	EpollCreate   func() (int, error)
	Eventfd       func() (int, error)
	EventfdWrite  func(fd int) error
	EventfdRead   func(fd int) error
	Socket        func(domain, typ, proto int) (int, error)
	Bind          func(fd int, sa unix.Sockaddr) error
	Listen        func(fd, backlog int) error
	Accept        func(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno)
	Connect       func(fd int, sa unix.Sockaddr) error
	Getsockname   func(fd int) (unix.Sockaddr, error)
	Getpeername   func(fd int) (unix.Sockaddr, error)
	SetsockoptInt func(fd, level, opt, value int) error
	GetsockoptInt func(fd, level, opt int) (int, error)
	RecvOOB       func(fd int, p []byte) (int, error)
	SendOOB       func(fd int, p []byte) error
	RecvFrom      func(fd int, p []byte) (int, unix.Sockaddr, error)
	SendTo        func(fd int, p []byte, to unix.Sockaddr) error
	Unread        func(fd int) (int, error) // ioctl(2), FIONREAD: bytes that have come and were not read
	SetNonblock   func(fd int) error
	ReadFile      func(fd int, p []byte) (int, syscall.Errno) // read(2), of what is no socket
	WriteFile     func(fd int, p []byte) (int, syscall.Errno) // write(2), likewise
	OutQueue      func(fd int) (int, error)
	Waiting       func(fd int) (int, error) // getsockopt(2), TCP_INFO: connections in a listener's queue
	Shutdown      func(fd, how int) error
	Dup           func(fd int) (int, error)
	Close         func(fd int) error
	Pipe          func(fds *[2]int) error
	Splice        func(rfd, wfd, n int) (int, syscall.Errno)
}
