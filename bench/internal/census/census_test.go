package census

import (
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func count(t *testing.T) Count {
	t.Helper()
	c, err := Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mapRing maps memory that is called as that of rings is. A ring itself lies on the heap under the race detector.
func mapRing(t *testing.T) []byte {
	t.Helper()
	fd, err := unix.MemfdCreate(ringName, unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, 1<<16); err != nil {
		t.Fatal(err)
	}
	ring, err := unix.Mmap(fd, 0, 1<<16, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// A file, a ring and touched memory are seen to come and to go.
func TestOf(t *testing.T) {
	before := count(t)
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	ring := mapRing(t)
	const size = 64 << 20
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < size; i += os.Getpagesize() {
		memory[i] = 1
	}
	with := count(t)
	if with.Others() != before.Others()+1 || with.Pollers != before.Pollers+1 || with.Rings <= before.Rings || with.Mappings <= before.Mappings {
		t.Errorf("%+v, and before %+v", with, before)
	}
	if with.Resident < before.Resident+size/2 || with.Threads < 1 {
		t.Errorf("%+v, and before %+v", with, before)
	}
	f.Close()
	if err := errors.Join(unix.Close(event), unix.Munmap(ring), unix.Munmap(memory)); err != nil {
		t.Fatal(err)
	}
	after := count(t)
	if after.Descriptors != before.Descriptors || after.Pollers != before.Pollers || after.Rings != before.Rings || after.Resident > with.Resident-size/2 {
		t.Errorf("%+v, and before %+v", after, before)
	}
}

func TestReadStat(t *testing.T) {
	var c Count
	stat := "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 9 18 19 20 1000 22\n"
	if err := c.readStat(stat); err != nil || c.Threads != 9 || c.CPU != 2e9 || c.Resident != int64(1000*os.Getpagesize()) {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range []string{"", "7 (a) S 1", "7 (a) S 1 2 3 4 5 6 7 8 9 10 x 50 13 14 15 16 9 18 19 20 1000 22"} {
		if err := c.readStat(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	var err error
	if _, err := Of(-1); err == nil {
		t.Error("a process that is none was counted")
	}
	ended := exec.Command("true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); err == nil; _, err = Of(ended.Process.Pid) { // it is not waited for, and so is still there
		if time.Since(begun) > time.Minute {
			t.Fatal("a process that has ended is counted")
		}
	}
	if err := ended.Wait(); err != nil {
		t.Error(err)
	}
}
