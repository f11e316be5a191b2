//go:build linux

package sys

import "golang.org/x/sys/unix"

// Outcome is what a loop does when a call of the seam answers with an errno.
type Outcome struct {
	Call   string // the field of Calls, as "Output.Write"; epoll_ctl's operation stands behind it, as "EpollCtl(ADD)"
	Errno  unix.Errno
	Action Action
	Done   bool // the kernel has done what the call was for when it answers so, or has lost what the call was about
}

// Outcomes is the table of what the calls of the seam may answer, as the man pages have it, less the errnos that tell of a
// mistake of the caller (EBADF, EFAULT, most EINVAL). The tests of the seam check the functions that classify against
// it, and the tests of package loop make every call fail with each of its errnos.
func Outcomes() (all []Outcome) {
	for _, g := range outcomes {
		for _, errno := range g.errnos {
			all = append(all, Outcome{g.call, errno, g.action, g.done})
		}
	}
	return all
}

// gone is what a peer, or the way to it, leaves behind when it fails; short is what memory that runs out does.
var (
	gone  = []unix.Errno{unix.ECONNRESET, unix.EPIPE, unix.ETIMEDOUT}
	short = []unix.Errno{unix.ENOMEM, unix.ENOBUFS}
	files = []unix.Errno{unix.EMFILE, unix.ENFILE, unix.ENOMEM}
)

type outcomeGroup struct {
	call   string
	action Action
	done   bool
	errnos []unix.Errno
}

var outcomes = []outcomeGroup{
	// recv(2); read(2) of what is no socket
	{"Read", Retry, false, []unix.Errno{unix.EINTR}},
	{"Read", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"Read", Fatal, false, gone},
	{"Read", Fatal, false, short},
	{"ReadFile", Retry, false, []unix.Errno{unix.EINTR}},
	{"ReadFile", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"ReadFile", Fatal, false, []unix.Errno{unix.EIO}},
	{"RecvOOB", Retry, false, []unix.Errno{unix.EINTR}},
	{"RecvOOB", Wait, false, []unix.Errno{unix.EAGAIN, unix.EINVAL}}, // announced, and not there yet
	{"RecvOOB", Fatal, false, []unix.Errno{unix.ECONNRESET, unix.ENOMEM}},
	{"RecvFrom", Retry, false, []unix.Errno{unix.EINTR}},
	{"RecvFrom", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"RecvFrom", Skip, false, []unix.Errno{unix.ECONNREFUSED, unix.ENOMEM}},

	// send(2), sendmsg(2), sendto(2), sendfile(2), splice(2); write(2) to what is no socket
	{"Output.Write", Retry, false, []unix.Errno{unix.EINTR}},
	{"Output.Write", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"Output.Write", Fatal, false, gone},
	{"Output.Write", Fatal, false, short},
	{"Output.Writev", Retry, false, []unix.Errno{unix.EINTR}},
	{"Output.Writev", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"Output.Writev", Fatal, false, gone},
	{"Output.Writev", Fatal, false, short},
	{"Output.Sendfile", Retry, false, []unix.Errno{unix.EINTR}},
	{"Output.Sendfile", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"Output.Sendfile", Ignore, false, []unix.Errno{unix.EINVAL, unix.ENOSYS}}, // the file is read and written instead
	{"Output.Sendfile", Fatal, false, gone},
	{"Output.Sendfile", Fatal, false, []unix.Errno{unix.ENOMEM, unix.EIO}},
	{"WriteFile", Retry, false, []unix.Errno{unix.EINTR}},
	{"WriteFile", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"WriteFile", Fatal, false, []unix.Errno{unix.EPIPE, unix.EIO, unix.ENOSPC}},
	{"SendOOB", Retry, false, []unix.Errno{unix.EINTR}},
	{"SendOOB", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"SendOOB", Fatal, false, []unix.Errno{unix.ECONNRESET, unix.EPIPE, unix.ENOMEM}},
	{"SendTo", Retry, false, []unix.Errno{unix.EINTR}},
	{"SendTo", Wait, false, []unix.Errno{unix.EAGAIN, unix.ENOBUFS}},
	{"SendTo", Skip, false, []unix.Errno{unix.ECONNREFUSED, unix.EPERM, unix.ENOMEM}},
	// recvmmsg(2), sendmmsg(2): an error is of one datagram, or of one that was sent before
	{"Recvmmsg", Retry, false, []unix.Errno{unix.EINTR}},
	{"Recvmmsg", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"Recvmmsg", Skip, false, []unix.Errno{unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH}},
	{"Recvmmsg", Exhausted, false, short},
	{"Recvmmsg", Fatal, false, []unix.Errno{unix.ENOSYS}},
	{"Sendmmsg", Retry, false, []unix.Errno{unix.EINTR}},
	{"Sendmmsg", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"Sendmmsg", Skip, false, []unix.Errno{unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EMSGSIZE, unix.EPERM}},
	{"Sendmmsg", Exhausted, false, short},
	{"Sendmmsg", Fatal, false, []unix.Errno{unix.ENOSYS}},
	{"Splice", Retry, false, []unix.Errno{unix.EINTR}},
	{"Splice", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"Splice", Fatal, false, gone},
	{"Splice", Fatal, false, []unix.Errno{unix.ENOMEM}},
	{"Pipe", Fatal, false, []unix.Errno{unix.EMFILE, unix.ENFILE}},

	// epoll_create1(2), epoll_ctl(2), epoll_wait(2), eventfd(2)
	{"EpollCreate", Fatal, false, files},
	{"EpollCtl(ADD)", Retry, false, []unix.Errno{unix.EINTR}},
	{"EpollCtl(ADD)", Fatal, false, []unix.Errno{unix.ENOMEM, unix.ENOSPC, unix.EPERM}},
	{"EpollCtl(MOD)", Retry, false, []unix.Errno{unix.EINTR}},
	{"EpollCtl(MOD)", Fatal, false, []unix.Errno{unix.ENOMEM, unix.ENOENT}},
	{"EpollCtl(DEL)", Retry, false, []unix.Errno{unix.EINTR}},
	{"EpollCtl(DEL)", Fatal, true, []unix.Errno{unix.ENOENT, unix.EBADF}}, // of a paused one; where one closes, it is out already
	{"EpollWait", Retry, false, []unix.Errno{unix.EINTR}},
	{"EpollWait", Fatal, false, []unix.Errno{unix.EBADF}}, // Poll and Run return it
	{"EpollPoll", Retry, false, []unix.Errno{unix.EINTR}},
	{"EpollPoll", Fatal, false, []unix.Errno{unix.EBADF}},
	{"Eventfd", Fatal, false, files},
	{"EventfdRead", Wait, false, []unix.Errno{unix.EINTR, unix.EAGAIN}},
	{"EventfdWrite", Retry, false, []unix.Errno{unix.EINTR}},
	{"EventfdWrite", Ignore, true, []unix.Errno{unix.EAGAIN}}, // it is full, and so readable

	// socket(2) and what prepares one
	{"Socket", Fatal, false, []unix.Errno{unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM, unix.EACCES}},
	{"Bind", Fatal, false, []unix.Errno{unix.EADDRINUSE, unix.EADDRNOTAVAIL, unix.EACCES, unix.ENOMEM}},
	{"Listen", Fatal, false, []unix.Errno{unix.EADDRINUSE}},
	{"SetsockoptInt", Fatal, false, short}, // of a listener; a Dial goes on without
	{"GetsockoptInt", Fatal, false, []unix.Errno{unix.ENOBUFS}},
	{"Getsockname", Fatal, false, []unix.Errno{unix.ENOBUFS}}, // of a listener
	{"Getpeername", Ignore, false, []unix.Errno{unix.ENOTCONN, unix.ENOBUFS}},
	{"Dup", Fatal, false, []unix.Errno{unix.EMFILE}},
	{"OutQueue", Ignore, false, []unix.Errno{unix.EINVAL}},
	{"Unread", Ignore, false, []unix.Errno{unix.EINVAL, unix.ENOTTY}},       // as if nothing were to be read
	{"Waiting", Ignore, false, []unix.Errno{unix.EOPNOTSUPP, unix.ENOBUFS}}, // as of a unix socket: the log does not say how many
	{"SetNonblock", Fatal, false, []unix.Errno{unix.EBADF}},

	// accept4(2), connect(2)
	{"Accept", Retry, false, []unix.Errno{unix.EINTR}},
	{"Accept", Wait, false, []unix.Errno{unix.EAGAIN}},
	{"Accept", Skip, true, []unix.Errno{unix.ECONNABORTED, unix.EPROTO, unix.EPERM, unix.ENETDOWN, unix.ENOPROTOOPT,
		unix.EHOSTDOWN, unix.ENONET, unix.EHOSTUNREACH, unix.EOPNOTSUPP, unix.ENETUNREACH}},
	{"Accept", Exhausted, false, []unix.Errno{unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM}},
	{"Connect", Wait, true, []unix.Errno{unix.EINPROGRESS, unix.EINTR}},
	{"Connect", Exhausted, false, []unix.Errno{unix.EAGAIN, unix.ENOBUFS}},
	{"Connect", Fatal, false, []unix.Errno{unix.ECONNREFUSED, unix.ENETUNREACH, unix.ETIMEDOUT, unix.EADDRNOTAVAIL, unix.EACCES}},

	// shutdown(2), close(2): the descriptor is gone whatever close answers
	{"Shutdown", Fatal, false, []unix.Errno{unix.ENOTCONN}},
	{"Close", Ignore, true, []unix.Errno{unix.EINTR, unix.EIO}},

	// memfd_create(2), ftruncate(2), mmap(2): a ring on the heap serves instead. munmap(2): the pool reports it at its end.
	{"Rings.MemfdCreate", Ignore, false, files},
	{"Rings.Ftruncate", Ignore, false, []unix.Errno{unix.EINTR, unix.EIO, unix.ENOSPC}},
	{"Rings.Reserve", Ignore, false, []unix.Errno{unix.ENOMEM, unix.EAGAIN, unix.ENFILE}},
	{"Rings.MapFixed", Ignore, false, []unix.Errno{unix.ENOMEM, unix.EAGAIN, unix.ENFILE}},
	{"Rings.Unmap", Ignore, true, []unix.Errno{unix.ENOMEM}},
	{"Rings.Close", Ignore, true, []unix.Errno{unix.EINTR, unix.EIO}},
}
