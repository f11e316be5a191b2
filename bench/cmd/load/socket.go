package main

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket makes a socket for connection i. receiveBuffer is in bytes; 0 leaves the kernel's choice.
func (t target) socket(i, receiveBuffer int) (fd int, err error) {
	fd, err = unix.Socket(t.family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err := t.prepare(fd, i, receiveBuffer); err != nil {
		_ = unix.Close(fd) // nothing was sent on it
		return -1, err
	}
	return fd, nil
}

// prepare sets what has to be set before a socket is connected.
func (t target) prepare(fd, i, receiveBuffer int) error {
	if receiveBuffer > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer); err != nil {
			return fmt.Errorf("SO_RCVBUF: %w", err)
		}
	}
	if t.family == unix.AF_UNIX {
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("TCP_NODELAY: %w", err)
	}
	source := t.source(i)
	if source == nil {
		return nil
	}
	// Without this a port would be taken that no other connection could have, whatever it is connected to.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return fmt.Errorf("IP_BIND_ADDRESS_NO_PORT: %w", err)
	}
	if err := unix.Bind(fd, source); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

// connect connects a socket within a time. stop is a descriptor that is readable when the load is to end.
func (t target) connect(fd, stop int, within time.Duration) error {
	deadline := time.Now().Add(within)
	for {
		err := unix.Connect(fd, t.addr)
		switch {
		case err == unix.EINPROGRESS || err == unix.EINTR: // it goes on in either case
			if err = await(fd, unix.POLLOUT, stop, time.Until(deadline)); err == nil {
				err = connected(fd)
			}
		case err == unix.EAGAIN && time.Now().Before(deadline):
			// The queue of a Unix socket is full, and nothing tells when it is not.
			if err := pause(stop, time.Millisecond); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		return nil
	}
}

// connected returns what became of a connect that had to be waited for.
func connected(fd int) error {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	return err
}

// recv and send are the bare system calls. The runtime is not told of them, which saves more than it costs, as no
// socket here ever blocks.

// recv reads into p, which is not empty.
func recv(fd int, p []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd),
		uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// send writes p, which is not empty, as far as the socket takes it.
func send(fd int, p []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd),
		uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}
