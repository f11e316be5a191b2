package producer

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSendfile(t *testing.T) {
	data := noise(7, 200_000)
	size := int64(len(data))
	for _, tt := range []struct {
		name   string
		off, n int64
		want   []byte
	}{
		{"all", 0, -1, data},
		{"a part", 1000, 70_000, data[1000:71_000]},
		{"nothing", 1000, 0, nil},
		{"at the end", size, -1, nil},
		{"beyond the end", size + 1, -1, nil},
	} {
		for _, refuse := range []syscall.Errno{0, unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP, unix.EPERM} {
			k := &kernel{refuse: refuse, accept: func(n int) (int, syscall.Errno) { return (n + 1) / 2, 0 }}
			q := newKernelQueue(t, k)
			q.sys.MaxBatchBytes = 50_000
			f := tempFile(t, data)
			q.PushCopy([]byte("before"))
			q.Push(File(f, tt.off, tt.n))
			q.PushCopy([]byte("behind"))
			if err := flush(t, q); err != nil {
				t.Fatalf("%s, sendfile says %v: %v", tt.name, refuse, err)
			}
			mustEqual(t, k.got, []byte("before"+string(tt.want)+"behind"))
			if k.offer > 50_000 {
				t.Errorf("%s: %d bytes in one call", tt.name, k.offer)
			}
			if err := f.Close(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: the file was not closed: %v", tt.name, err)
			}
		}
	}
}

// A refusal in the middle goes on by More from where sendfile was.
func TestSendfileRefusedMidway(t *testing.T) {
	data := noise(8, 100_000)
	k := &kernel{}
	k.accept = func(n int) (int, syscall.Errno) { k.refuse = unix.EINVAL; return min(n, 30_000), 0 }
	q := newKernelQueue(t, k)
	q.Push(File(tempFile(t, data), 0, -1))
	if err := flush(t, q); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, k.got, data)
}

// A file cut short under way ends the stream after its last byte, by sendfile and by More.
func TestSendfileTruncated(t *testing.T) {
	data := noise(9, 10_000)
	for _, refuse := range []syscall.Errno{0, unix.EINVAL} {
		k := &kernel{refuse: refuse, accept: func(n int) (int, syscall.Errno) { return min(n, 4000), 0 }}
		q := newKernelQueue(t, k)
		f := tempFile(t, data)
		q.Push(File(f, 0, 20_000))
		done := 0
		q.PushOwned([]byte("behind"), func([]byte) { done++ })
		if _, err := q.WriteTo(3); err != ErrBlocked {
			t.Fatal(err)
		}
		for range 2 {
			if err := flush(t, q); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%v", err)
			}
			mustEqual(t, k.got, data)
		}
		if q.Discard(); done != 1 {
			t.Errorf("done was called %d times", done)
		}
		if err := f.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("the file was not closed: %v", err)
		}
	}
}

func TestSendfileErrors(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EAGAIN, unix.EPIPE, unix.ECONNRESET, unix.EIO, unix.ENOMEM} {
		k := &kernel{refuse: errno}
		q := newKernelQueue(t, k)
		q.Push(File(tempFile(t, []byte("data")), 0, -1))
		_, err := q.WriteTo(3)
		mustCheck(t, q)
		if errno == unix.EAGAIN {
			if err != ErrBlocked {
				t.Errorf("EAGAIN: %v", err)
			}
		} else if errnoOf(err) != errno || !strings.HasPrefix(err.Error(), "sendfile:") {
			t.Errorf("%v: %v", errno, err)
		}
		k.refuse = 0
		if err := flush(t, q); err != nil || string(k.got) != "data" {
			t.Errorf("once %v has cleared: %q, %v", errno, k.got, err)
		}
	}
	t.Run("no size", func(t *testing.T) {
		q := newKernelQueue(t, &kernel{})
		q.Push(File(nil, 0, -1))
		for range 2 {
			if _, err := q.WriteTo(3); !errors.Is(err, os.ErrInvalid) {
				t.Fatal(err)
			}
			mustCheck(t, q)
		}
	})
}
