//go:build linux

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/producer"
	"github.com/millrace-net/millrace/ringbuf"
)

// System returns the real system calls.
func System() *Calls {
	output := producer.SystemCalls()
	output.Write, output.Writev = send, sendv
	return &Calls{
		Output:    output,
		Rings:     ringbuf.System(),
		Read:      receive,
		Recvmmsg:  recvmmsg,
		Sendmmsg:  sendmmsg,
		EpollWait: epollWait,
		EpollPoll: epollPoll,
		EpollCtl:  epollCtl,
		Now:       now,

		EpollCreate:   func() (int, error) { return unix.EpollCreate1(unix.EPOLL_CLOEXEC) },
		Eventfd:       func() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK) },
		EventfdWrite:  eventfdWrite,
		EventfdRead:   eventfdRead,
		Socket:        socket,
		Bind:          unix.Bind,
		Listen:        unix.Listen,
		Accept:        accept,
		Connect:       unix.Connect,
		Getsockname:   unix.Getsockname,
		Getpeername:   unix.Getpeername,
		SetsockoptInt: unix.SetsockoptInt,
		GetsockoptInt: unix.GetsockoptInt,
		RecvOOB:       recvOOB,
		SendOOB:       sendOOB,
		RecvFrom:      recvFrom,
		SendTo:        sendTo,
		Unread:        func(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.TIOCINQ) },
		SetNonblock:   func(fd int) error { return unix.SetNonblock(fd, true) },
		ReadFile:      readFile,
		WriteFile:     writeFile,
		OutQueue:      func(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.SIOCOUTQ) },
		Waiting:       waiting,
		Shutdown:      unix.Shutdown,
		Dup:           func(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) },
		Close:         unix.Close,
		Pipe:          pipe,
		Splice:        splice,
	}
}

// noWait has a call on a socket not wait, even if somebody with a duplicate of the descriptor has made that blocking.
const noWait = unix.MSG_DONTWAIT

// receive is recv(2), which comes to the socket without the file system's layer that read(2) goes
// through. It uses RawSyscall: it does not wait, so the scheduler need not be told, and sysmon stays
// asleep. Here and below it is package syscall's, which unix's comes to by a detour: where the kernel has just been busy,
// each function more is fetched from afar.
func receive(fd int, p []byte) (int, syscall.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), noWait, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	raceWrite(p[:n])
	return int(n), 0
}

// send is send(2), for the same reasons; a peer that has gone is an error and no signal.
func send(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		noWait|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// sendv is send of several slices: sendmsg(2).
func sendv(fd int, iov []unix.Iovec) (int, syscall.Errno) {
	message := unix.Msghdr{Iov: unsafe.SliceData(iov)}
	message.SetIovlen(len(iov))
	n, _, errno := syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&message)), noWait|unix.MSG_NOSIGNAL)
	return int(n), errno
}

// epollWait may block and so must be a Syscall: it has to give up its P.
func epollWait(epfd int, events []unix.EpollEvent, ms int) (int, syscall.Errno) {
	n, _, errno := syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(&events[0])),
		uintptr(len(events)), uintptr(ms), 0, 0)
	return int(n), errno
}

func epollPoll(epfd int, events []unix.EpollEvent) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(&events[0])),
		uintptr(len(events)), 0, 0, 0)
	return int(n), errno
}

func epollCtl(epfd, op, fd int, event *unix.EpollEvent) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epfd), uintptr(op), uintptr(fd),
		uintptr(unsafe.Pointer(event)), 0, 0)
	return errno
}

var start = time.Now()

func now() int64 { return int64(time.Since(start)) }

// waiting reads the length of a listener's queue, which tcp(7) keeps where a connection has its unacknowledged segments.
func waiting(fd int) (int, error) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, err
	}
	return int(info.Unacked), nil
}

func socket(domain, typ, proto int) (int, error) {
	return unix.Socket(domain, typ|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, proto)
}

// accept leaves the peer's address in from, which the caller owns: a socket is made without any garbage. What the
// kernel does not write of it is zero.
func accept(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
	*from = unix.RawSockaddrAny{}
	size := uint32(unix.SizeofSockaddrAny)
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(from)),
		uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(n), errno
}

func recvOOB(fd int, p []byte) (int, error) {
	n, _, err := unix.Recvfrom(fd, p, unix.MSG_OOB|noWait)
	return n, err
}

func sendOOB(fd int, p []byte) error {
	return unix.Sendto(fd, p, unix.MSG_OOB|noWait|unix.MSG_NOSIGNAL, nil)
}

func recvFrom(fd int, p []byte) (int, unix.Sockaddr, error) { return unix.Recvfrom(fd, p, noWait) }

func sendTo(fd int, p []byte, to unix.Sockaddr) error {
	return unix.Sendto(fd, p, noWait|unix.MSG_NOSIGNAL, to)
}

func readFile(fd int, p []byte) (int, syscall.Errno) {
	n, err := unix.Read(fd, p)
	return max(n, 0), errnoOf(err)
}

func writeFile(fd int, p []byte) (int, syscall.Errno) {
	n, err := unix.Write(fd, p)
	return max(n, 0), errnoOf(err)
}

// errnoOf is the errno that an error of package unix is.
func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if errno, ok := err.(syscall.Errno); ok {
		return errno
	}
	return unix.EIO
}

func eventfdWrite(fd int) error {
	one := uint64(1)
	return eventfd(unix.SYS_WRITE, fd, &one)
}

func eventfdRead(fd int) error {
	var count uint64
	return eventfd(unix.SYS_READ, fd, &count)
}

func eventfd(call uintptr, fd int, count *uint64) error {
	if _, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(count)), 8); errno != 0 {
		return errno
	}
	return nil
}

func pipe(fds *[2]int) error {
	return unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC)
}

func splice(rfd, wfd, n int) (int, syscall.Errno) {
	got, err := unix.Splice(rfd, nil, wfd, nil, n, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
	return max(int(got), 0), errnoOf(err)
}
