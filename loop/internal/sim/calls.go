//go:build linux

package sim

import (
	"reflect"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
	"github.com/millrace-net/millrace/producer"
	"github.com/millrace-net/millrace/ringbuf"
)

// System returns the kernel's calls. Those that it does not know are failures.
func (k *Kernel) System() *sys.Calls {
	calls := &sys.Calls{
		Output:        producer.Calls{Write: k.callWrite, Writev: k.callWritev, Sendfile: k.callSendfile},
		Rings:         k.rings(),
		Read:          k.callRead,
		EpollWait:     k.callWait,
		EpollPoll:     k.callPoll,
		EpollCtl:      k.callControl,
		Now:           k.callNow,
		EpollCreate:   func() (int, error) { return k.make(opCreate, func() object { return &epoll{} }) },
		Eventfd:       func() (int, error) { return k.make(opEventfd, func() object { return &eventfd{} }) },
		EventfdWrite:  k.callEventfdWrite,
		EventfdRead:   k.callEventfdRead,
		Socket:        func(int, int, int) (int, error) { return k.make(opSocket, func() object { return k.newSocket() }) },
		Bind:          k.callBind,
		Listen:        k.callListen,
		Accept:        k.callAccept,
		Connect:       k.callConnect,
		Getsockname:   k.callGetsockname,
		SetsockoptInt: func(fd, level, opt, _ int) error { return k.simple(opSetsockopt, fd, opt, nil) },
		GetsockoptInt: k.callGetsockopt,
		OutQueue:      k.callOutQueue,
		Waiting:       k.callWaiting,
		Shutdown:      k.callShutdown,
		Close:         k.callClose,
	}
	fill(k, reflect.ValueOf(calls).Elem())
	return calls
}

// fill sets the funcs that are nil.
func fill(k *Kernel, v reflect.Value) {
	for i := range v.NumField() {
		field, name := v.Field(i), v.Type().Field(i).Name
		if field.Kind() != reflect.Func || !field.IsNil() {
			continue
		}
		field.Set(reflect.MakeFunc(field.Type(), func([]reflect.Value) []reflect.Value {
			k.Fail("%s is called, which this kernel does not have", name)
			out := make([]reflect.Value, field.Type().NumOut())
			for i := range out {
				out[i] = reflect.Zero(field.Type().Out(i))
			}
			return out
		}))
	}
}

// asError is errno as most calls return it.
func asError(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// simple is a call on a socket that answers an error only. f may be nil.
func (k *Kernel) simple(o op, fd, arg int, f func(s *Socket) unix.Errno) error {
	injected, done := k.enter(o)
	s := k.socket(o, fd)
	if s == nil {
		return unix.EBADF
	}
	var errno unix.Errno
	if (injected == 0 || done) && f != nil {
		errno = f(s)
	}
	if injected != 0 {
		s.blame(o, injected)
		errno = injected
	}
	k.record(o, fd, arg, 0, errno, injected != 0)
	return asError(errno)
}

// make is a call that opens a descriptor.
func (k *Kernel) make(o op, f func() object) (int, error) {
	errno, _ := k.enter(o)
	injected, fd := errno != 0, -1
	if !injected {
		fd, errno = k.install(f())
	}
	k.record(o, 0, 0, fd, errno, injected)
	return fd, asError(errno)
}

// transfer is a call that moves up to n bytes to or from a socket.
func (k *Kernel) transfer(o op, fd, n int, f func(s *Socket, n int) (int, unix.Errno)) (int, syscall.Errno) {
	errno, _ := k.enter(o)
	s := k.socket(o, fd)
	if s == nil {
		return 0, unix.EBADF
	}
	if injected := errno != 0; injected {
		s.blame(o, errno)
		k.record(o, fd, n, 0, errno, true)
		return 0, errno
	}
	moved, errno := f(s, k.shorten(n))
	k.record(o, fd, n, moved, errno, false)
	return moved, errno
}

func (k *Kernel) callRead(fd int, p []byte) (int, syscall.Errno) {
	return k.transfer(opRead, fd, len(p), func(s *Socket, n int) (int, unix.Errno) {
		n, errno := s.Recv(p[:n])
		if errno == unix.EAGAIN && s.told != k.batch && !k.Curious {
			k.FailOn(fd, "descriptor %d is read, of which no event has come: one of somebody else's?", fd)
		}
		return n, errno
	})
}

func (k *Kernel) callWrite(fd int, p []byte) (int, syscall.Errno) {
	return k.transfer(opWrite, fd, len(p), func(s *Socket, n int) (int, unix.Errno) { return s.Send(p[:n]) })
}

func (k *Kernel) callWritev(fd int, iov []unix.Iovec) (int, syscall.Errno) {
	total := 0
	for i := range iov {
		total += int(iov[i].Len)
	}
	return k.transfer(opWritev, fd, total, func(s *Socket, n int) (int, unix.Errno) {
		taken := 0
		for i := range iov {
			p := unsafe.Slice(iov[i].Base, iov[i].Len)
			p = p[:min(len(p), n-taken)]
			if len(p) == 0 {
				continue
			}
			took, errno := s.Send(p)
			taken += took
			if errno != 0 && taken > 0 || took < len(p) && errno == 0 {
				break
			}
			if errno != 0 {
				return 0, errno
			}
		}
		return taken, 0
	})
}

// callSendfile reads a file that is real.
func (k *Kernel) callSendfile(out, in int, off *int64, n int) (int, syscall.Errno) {
	return k.transfer(opSendfile, out, n, func(s *Socket, n int) (int, unix.Errno) {
		p := make([]byte, min(n, max(s.out.sendCap-s.out.unacked, 1)))
		got, err := unix.Pread(in, p, *off)
		if err != nil {
			return 0, unix.EIO
		}
		if got == 0 {
			return 0, 0
		}
		taken, errno := s.Send(p[:got])
		*off += int64(taken)
		return taken, errno
	})
}

func (k *Kernel) callNow() int64 {
	now := k.now
	if k.TickNs > 1 {
		now -= now % k.TickNs
	}
	return now
}

func (k *Kernel) callWait(epfd int, events []unix.EpollEvent, ms int) (int, syscall.Errno) {
	return k.look(opWait, epfd, events, ms)
}

func (k *Kernel) callPoll(epfd int, events []unix.EpollEvent) (int, syscall.Errno) {
	return k.look(opPoll, epfd, events, 0)
}

func (k *Kernel) look(o op, epfd int, events []unix.EpollEvent, ms int) (int, syscall.Errno) {
	k.batch++
	errno, _ := k.enter(o)
	if errno != 0 {
		k.record(o, epfd, ms, -1, errno, true)
		return -1, errno
	}
	n := k.wait(epfd, events, ms)
	k.record(o, epfd, ms, n, 0, false)
	return n, 0
}

func (k *Kernel) callControl(epfd, operation, fd int, event *unix.EpollEvent) syscall.Errno {
	o := controlOp(operation)
	errno, _ := k.enter(o)
	injected := errno != 0
	if !injected {
		errno = k.control(o, epfd, fd, event)
	} else if s := k.SocketOf(fd); s != nil {
		s.blame(o, errno)
	}
	k.record(o, fd, int(event.Events), 0, errno, injected)
	return errno
}

func (k *Kernel) callEventfdWrite(fd int) error {
	return k.onEventfd(opEventfdWrite, fd, func(f *eventfd) unix.Errno {
		f.count++
		return 0
	})
}

func (k *Kernel) callEventfdRead(fd int) error {
	return k.onEventfd(opEventfdRead, fd, func(f *eventfd) unix.Errno {
		if f.count == 0 {
			return unix.EAGAIN
		}
		f.count = 0
		return 0
	})
}

func (k *Kernel) onEventfd(o op, fd int, f func(f *eventfd) unix.Errno) error {
	injected, done := k.enter(o)
	e, ok := k.lookup(o, fd).(*eventfd)
	if !ok {
		k.Fail("%s of descriptor %d, which is no eventfd", opNames[o], fd)
		return unix.EBADF
	}
	errno := injected
	if injected == 0 || done {
		if own := f(e); injected == 0 {
			errno = own
		}
		k.Progress++
		e.entry.touch()
	}
	k.record(o, fd, 0, 0, errno, injected != 0)
	return asError(errno)
}

func (k *Kernel) callBind(fd int, sa unix.Sockaddr) error {
	port := sa.(*unix.SockaddrInet4).Port
	return k.simple(opBind, fd, port, func(s *Socket) unix.Errno {
		s.phase, s.port = bound, uint16(port)
		return 0
	})
}

func (k *Kernel) callListen(fd, backlog int) error {
	return k.simple(opListen, fd, backlog, func(s *Socket) unix.Errno { return k.listen(s, backlog) })
}

func (k *Kernel) callAccept(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
	errno, done := k.enter(opAccept)
	l := k.socket(opAccept, fd)
	if l == nil {
		return -1, unix.EBADF
	}
	injected, got := errno != 0, -1
	switch {
	case !injected:
		got, errno = k.accept(l, from)
	case done:
		l.abort()
	}
	k.record(opAccept, fd, 0, got, errno, injected)
	return got, errno
}

func (k *Kernel) callConnect(fd int, sa unix.Sockaddr) error {
	port := sa.(*unix.SockaddrInet4).Port
	return k.simple(opConnect, fd, port, func(s *Socket) unix.Errno {
		if k.Connecting != nil {
			k.Connecting(s)
		}
		k.dial(s, uint16(port))
		return unix.EINPROGRESS
	})
}

func (k *Kernel) callGetsockname(fd int) (sa unix.Sockaddr, err error) {
	err = k.simple(opGetsockname, fd, 0, func(s *Socket) unix.Errno {
		sa = &unix.SockaddrInet4{Port: int(s.port), Addr: [4]byte{10, 0, 0, 1}}
		return 0
	})
	return sa, err
}

func (k *Kernel) callGetsockopt(fd, level, opt int) (value int, err error) {
	if level != unix.SOL_SOCKET || opt != unix.SO_ERROR {
		k.Fail("GetsockoptInt(%d, %d), which this kernel does not have", level, opt)
	}
	err = k.simple(opGetsockopt, fd, opt, func(s *Socket) unix.Errno {
		value = int(s.takeErr())
		return 0
	})
	return value, err
}

func (k *Kernel) callOutQueue(fd int) (n int, err error) {
	err = k.simple(opOutQueue, fd, 0, func(s *Socket) unix.Errno {
		n = s.out.unacked
		return 0
	})
	return n, err
}

func (k *Kernel) callWaiting(fd int) (n int, err error) {
	err = k.simple(opWaiting, fd, 0, func(s *Socket) unix.Errno {
		n = len(s.queue)
		return 0
	})
	return n, err
}

func (k *Kernel) callShutdown(fd, how int) error {
	return k.simple(opShutdown, fd, how, func(s *Socket) unix.Errno {
		switch {
		case how == unix.SHUT_WR:
			return s.CloseWrite()
		case s.phase == listening:
			s.stopListening()
			s.entry.touch()
			return 0
		}
		return unix.ENOTCONN
	})
}

func (k *Kernel) callClose(fd int) error {
	errno, _ := k.enter(opClose)
	k.shut(fd)
	k.record(opClose, fd, 0, 0, errno, errno != 0)
	return asError(errno)
}

// rings are the kernel's own calls for memory, which may fail.
func (k *Kernel) rings() ringbuf.Calls {
	real := ringbuf.System()
	try := func(o op, f func() error) error {
		errno, done := k.enter(o)
		var err error
		if errno == 0 || done {
			err = f()
		}
		k.record(o, 0, 0, 0, errno, errno != 0)
		if errno != 0 {
			return errno
		}
		return err
	}
	return ringbuf.Calls{
		MemfdCreate: func(name string, flags int) (fd int, err error) {
			fd = -1
			err = try(opMemfd, func() (err error) { fd, err = real.MemfdCreate(name, flags); return err })
			return fd, err
		},
		Ftruncate: func(fd int, size int64) error {
			return try(opFtruncate, func() error { return real.Ftruncate(fd, size) })
		},
		Reserve: func(size uintptr) (addr unsafe.Pointer, err error) {
			err = try(opReserve, func() (err error) { addr, err = real.Reserve(size); return err })
			return addr, err
		},
		MapFixed: func(addr unsafe.Pointer, size uintptr, fd int) error {
			return try(opMapFixed, func() error { return real.MapFixed(addr, size, fd) })
		},
		Unmap: func(addr unsafe.Pointer, size uintptr) error {
			return try(opUnmap, func() error { return real.Unmap(addr, size) })
		},
		Close: func(fd int) error { return try(opCloseRing, func() error { return real.Close(fd) }) },
	}
}
