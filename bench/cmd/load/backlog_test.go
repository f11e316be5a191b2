package main

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// fullBacklog listens, accepts nothing, fills the short queue of what is to be accepted, and returns the address.
func fullBacklog(t *testing.T, network string) (addr string) {
	t.Helper()
	family, bind := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if network == "unix" {
		path := socketPath(t)
		family, bind, addr = unix.AF_UNIX, &unix.SockaddrUnix{Name: path}, "unix:"+path
	}
	ln := newSocket(t, family)
	if err := unix.Bind(ln, bind); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(ln, 1); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(ln)
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := at.(*unix.SockaddrInet4); ok {
		addr = fmt.Sprintf("127.0.0.1:%d", at.Port)
	}
	for range 10 {
		_ = unix.Connect(newSocket(t, family), at) // the first few succeed
	}
	return addr
}

// newSocket makes a socket that never blocks and is closed with the test.
func newSocket(t *testing.T, family int) int {
	t.Helper()
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}
