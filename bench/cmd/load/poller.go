package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller waits for sockets, by epoll. Sockets are watched for edges: an event is told once, and whoever gets it reads
// or writes until there is no more.
//
// Invariant: events holds what the last wait returned; the next one overwrites it.
type poller struct {
	fd      int
	events  [512]unix.EpollEvent
	timeout unix.Timespec // of the wait under way, here so that it is not allocated
}

// stopIndex stands for the descriptor that ends the load, where events name connections.
const stopIndex = -1

// newPoller makes a poller that tells of stop too.
func newPoller(stop int) (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	p := &poller{fd: fd}
	if err := p.add(stop, stopIndex, unix.EPOLLIN); err != nil {
		_ = unix.Close(fd) // nothing is watched yet
		return nil, err
	}
	return p, nil
}

// add begins to watch a descriptor. index is what its events are called.
func (p *poller) add(fd, index int, interest uint32) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, index, interest)
}

// change makes interest what a descriptor is watched for. What is so already counts as an edge.
func (p *poller) change(fd, index int, interest uint32) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, index, interest)
}

func (p *poller) control(op, fd, index int, interest uint32) error {
	if err := unix.EpollCtl(p.fd, op, fd, &unix.EpollEvent{Events: interest, Fd: int32(index)}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// shortest is the shortest wait for which the thread is put to sleep, in nanoseconds: it takes about as long to wake.
const shortest = 50_000

// wait returns what happens within ns nanoseconds, or nothing.
//
// The runtime is not told that the thread blocks: it would take its P away and give it back, with a system call or two
// each time. It does not need to know, because the signal by which it preempts goroutines, at the latest when they have
// run for 10 ms, ends the wait.
func (p *poller) wait(ns int64) ([]unix.EpollEvent, error) {
	if ns < shortest {
		ns = 0
	}
	p.timeout = unix.NsecToTimespec(ns)
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), uintptr(unsafe.Pointer(&p.timeout)), 0, 0)
	if errno == unix.EINTR {
		return nil, nil
	}
	if errno != 0 {
		return nil, fmt.Errorf("epoll_pwait2: %w", errno)
	}
	return p.events[:n], nil
}

func (p *poller) close() error {
	if err := unix.Close(p.fd); err != nil {
		return fmt.Errorf("closing the epoll descriptor: %w", err)
	}
	return nil
}
