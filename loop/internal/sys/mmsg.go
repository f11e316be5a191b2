//go:build linux

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Mmsghdr is the kernel's struct mmsghdr (recvmmsg(2)): a message and how many bytes of it came or left. The padding
// at its end, on 64 bits, is the compiler's.
type Mmsghdr struct {
	Hdr unix.Msghdr
	Len uint32
}

// recvmmsg uses RawSyscall, as receive does.
func recvmmsg(fd int, msgs []Mmsghdr) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(msgs))),
		uintptr(len(msgs)), noWait|unix.MSG_TRUNC, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	for i := range msgs[:n] {
		h := &msgs[i].Hdr
		raceWrite(unsafe.Slice(h.Iov.Base, min(int(msgs[i].Len), int(h.Iov.Len))))
	}
	return int(n), 0
}

// sendmmsg likewise.
func sendmmsg(fd int, msgs []Mmsghdr) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(msgs))),
		uintptr(len(msgs)), noWait|unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
