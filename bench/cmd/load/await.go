package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

var errTooLong = errors.New("it takes too long")

// await waits until fd is ready for what events say, at most for a time.
func await(fd int, events int16, stop int, atMost time.Duration) error {
	deadline := time.Now().Add(atMost)
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return errTooLong
		}
		fds := []unix.PollFd{{Fd: int32(stop), Events: unix.POLLIN}, {Fd: int32(fd), Events: events}}
		_, err := unix.Poll(fds, int(left/time.Millisecond)+1)
		switch {
		case err != nil && err != unix.EINTR: // a signal of the runtime
			return fmt.Errorf("poll: %w", err)
		case fds[0].Revents != 0:
			return errInterrupted
		case fds[1].Revents != 0:
			return nil
		}
	}
}

// pause does nothing for a time.
func pause(stop int, d time.Duration) error {
	if err := await(-1, 0, stop, d); err != errTooLong { // poll ignores a descriptor of -1
		return err
	}
	return nil
}
