package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// otherFiles is how many descriptors the load has beside its connections, and more.
const otherFiles = 64

// allowFiles has the kernel allow n descriptors, if it does not.
func allowFiles(n int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("getrlimit: %w", err)
	}
	if limit.Cur >= uint64(n) {
		return nil
	}
	limit.Cur = uint64(n)
	limit.Max = max(limit.Max, limit.Cur) // which only root can raise
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("allowing %d open files: setrlimit: %w", n, err)
	}
	return nil
}

// openAll opens all connections, and has each one answer a message.
func (l *load) openAll() error {
	total := l.options.conns
	if l.options.mode == "slow" {
		total++
	}
	if err := allowFiles(total + otherFiles); err != nil {
		return err
	}
	deadline := l.clock() + int64(l.options.limits.open)
	for i := range total {
		left := deadline - l.clock()
		if left <= 0 {
			return fmt.Errorf("only %d of %d connections were opened within %v", i, total, l.options.limits.open)
		}
		if err := l.open(i, time.Duration(left)); err != nil {
			return fmt.Errorf("opening connection %d: %w", i, err)
		}
		if err := l.exchange(&l.conns[i]); err != nil {
			return err
		}
		if err := l.slowDown(&l.conns[i]); err != nil {
			return err
		}
	}
	return nil
}

// open opens the next connection, which is number i.
func (l *load) open(i int, within time.Duration) error {
	o := l.options
	fd, err := o.target.socket(i, o.receiveBuffer(i))
	if err != nil {
		return err
	}
	begin := l.script.begin(i)
	l.conns = append(l.conns, conn{
		fd: fd, index: i, interest: readInterest,
		depth: o.depthOf(i), marks: newMarks(o.mostWaiting(i)),
		toSend: begin, toCome: begin,
	})
	if err := o.target.connect(fd, l.stop, min(within, o.limits.connect)); err != nil {
		return err
	}
	return l.poller.add(fd, i, readInterest)
}

// depthOf returns how many messages connection i may have in flight.
func (o *options) depthOf(i int) int64 {
	if o.mode == "slow" && !o.isSlow(i) {
		return 1
	}
	return int64(o.depth)
}

// mostWaiting returns how many messages of connection i can have a mark.
func (o *options) mostWaiting(i int) int {
	switch {
	case o.isSlow(i):
		return 0
	case o.rate > 0:
		return o.depth + o.backlog()
	}
	return int(o.depthOf(i))
}
