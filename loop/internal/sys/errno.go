//go:build linux

package sys

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Action is what a loop does about an error of a system call.
type Action uint8

const (
	// Fatal: the descriptor is of no more use; close it with the error as cause. Where there is none yet, the error is
	// returned.
	Fatal Action = iota
	// Retry: the same call again, at once.
	Retry
	// Wait: nothing now; readiness will tell.
	Wait
	// Skip: this one, a connection in the queue or a datagram, is lost; the next may be good.
	Skip
	// Exhausted: the process or the system is short of something; back off.
	Exhausted
	// Ignore: what the call was for is done, is not needed, or is done in another way.
	Ignore
)

// OfAccept classifies what accept4(2) answers. Network errors already pending on the new socket are
// passed as errors of accept (accept(2), "Error handling"), so they lose one connection and not the
// listener.
func OfAccept(errno unix.Errno) Action {
	switch errno {
	case unix.EINTR:
		return Retry
	case unix.EAGAIN:
		return Wait
	case unix.ECONNABORTED, unix.EPROTO, unix.EPERM, unix.ENETDOWN, unix.ENOPROTOOPT,
		unix.EHOSTDOWN, unix.ENONET, unix.EHOSTUNREACH, unix.EOPNOTSUPP, unix.ENETUNREACH:
		return Skip
	case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
		return Exhausted
	}
	return Fatal
}

// OfRead classifies what read(2) and recv(2) answer on a socket. ENOBUFS and ENOMEM are Fatal: the
// socket stays readable, so waiting for readiness would spin for as long as they last.
func OfRead(errno unix.Errno) Action {
	switch errno {
	case unix.EINTR:
		return Retry
	case unix.EAGAIN:
		return Wait
	}
	return Fatal
}

// OfDatagram classifies what recvmmsg(2) and sendmmsg(2) answer. An error belongs to one datagram, or was left at the
// socket by an ICMP message about one that was sent before (udp(7), "Error handling"), so the socket goes on.
func OfDatagram(errno unix.Errno) Action {
	switch errno {
	case unix.EINTR:
		return Retry
	case unix.EAGAIN:
		return Wait
	case unix.ENOBUFS, unix.ENOMEM:
		return Exhausted
	case unix.EBADF, unix.ENOTSOCK, unix.ENOSYS:
		return Fatal
	}
	return Skip
}

// OfConnect classifies what connect(2) answers on a non-blocking socket. EINTR is Wait: the
// connection goes on being made (POSIX), and a second connect would answer EALREADY. EAGAIN, which
// unix sockets answer when the backlog is full, is Exhausted: no readiness will come.
func OfConnect(err error) Action {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return Fatal
	}
	switch errno {
	case unix.EINPROGRESS, unix.EINTR, unix.EALREADY:
		return Wait
	case unix.EAGAIN, unix.ENOBUFS:
		return Exhausted
	}
	return Fatal
}
