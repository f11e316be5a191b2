package main

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// pin binds the calling goroutine, for good, and every process that it starts from now on, to one processor; −1 means
// the last one that it may use. It returns which one that is.
func pin(cpu int) (int, error) {
	runtime.LockOSThread()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return 0, fmt.Errorf("sched_getaffinity: %w", err)
	}
	if cpu < 0 {
		cpu = last(&set)
	}
	set.Zero()
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return 0, fmt.Errorf("binding to processor %d: %w", cpu, err)
	}
	return cpu, nil
}

// last returns the highest processor of a set.
func last(set *unix.CPUSet) int {
	for cpu := len(set)*64 - 1; cpu >= 0; cpu-- {
		if set.IsSet(cpu) {
			return cpu
		}
	}
	return 0
}
