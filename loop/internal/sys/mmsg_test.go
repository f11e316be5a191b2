//go:build linux

package sys

import (
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel steps from one mmsghdr to the next by its own size of it: a multiple of what its pointers are aligned to.
func TestMmsghdrSize(t *testing.T) {
	word := unsafe.Sizeof(uintptr(0))
	want := (unsafe.Sizeof(unix.Msghdr{}) + 4 + word - 1) / word * word
	if got := unsafe.Sizeof(Mmsghdr{}); got != want || unsafe.Offsetof(Mmsghdr{}.Len) != unsafe.Sizeof(unix.Msghdr{}) {
		t.Errorf("%d bytes, want %d", got, want)
	}
}

// Batches arrive in order, with their lengths, a cut one with its whole length; and no call waits on a blocking socket.
func TestBatches(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) // a blocking one
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	hang := time.AfterFunc(10*time.Second, func() { panic("a system call waits") })
	defer hang.Stop()
	calls := System()
	const count, room = 5, 8
	var msgs [count + 1]Mmsghdr
	var slices [count + 1]unix.Iovec
	var data [(count + 1) * 16]byte
	for i := range msgs {
		slices[i].Base = &data[i*16]
		msgs[i].Hdr.Iov = &slices[i]
		msgs[i].Hdr.SetIovlen(1)
		data[i*16] = byte('a' + i)
		slices[i].SetLen(2*i + 1) // the last two are longer than room
	}
	if n, errno := calls.Recvmmsg(fds[0], msgs[:]); errno != unix.EAGAIN || n != 0 {
		t.Fatal(n, errno)
	}
	if n, errno := calls.Sendmmsg(fds[1], msgs[:count]); errno != 0 || n != count || msgs[2].Len != 5 {
		t.Fatal(n, errno)
	}
	data = [len(data)]byte{}
	for i := range slices {
		slices[i].SetLen(room)
	}
	if n, errno := calls.Recvmmsg(fds[0], msgs[:]); errno != 0 || n != count {
		t.Fatal(n, errno)
	}
	for i := range count {
		cut := msgs[i].Hdr.Flags&unix.MSG_TRUNC != 0
		if data[i*16] != byte('a'+i) || int(msgs[i].Len) != 2*i+1 || cut != (2*i+1 > room) {
			t.Errorf("message %d: %q, %d bytes, cut %v", i, data[i*16], msgs[i].Len, cut)
		}
	}
	errno := unix.Errno(0)
	for tries := 0; errno == 0 && tries < 1<<20; tries++ {
		_, errno = calls.Sendmmsg(fds[1], msgs[:count])
	}
	if errno != unix.EAGAIN {
		t.Errorf("sending to a full socket: %v", errno)
	}
	unix.Close(fds[1])
	if n, errno := calls.Sendmmsg(fds[0], msgs[:1]); errno != unix.ECONNREFUSED || n != 0 {
		t.Error("sending to nobody", n, errno)
	}
}

func TestDatagramClasses(t *testing.T) {
	for errno, want := range map[unix.Errno]Action{
		unix.EINTR: Retry, unix.EAGAIN: Wait, unix.ENOBUFS: Exhausted, unix.ENOMEM: Exhausted, unix.ECONNREFUSED: Skip,
		unix.EMSGSIZE: Skip, unix.EPERM: Skip, unix.EINVAL: Skip, unix.EBADF: Fatal, unix.ENOTSOCK: Fatal,
	} {
		if got := OfDatagram(errno); got != want {
			t.Errorf("%v is %d, want %d", errno, got, want)
		}
	}
}
