package producer

import (
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// socketPair returns a pair of connected non-blocking stream sockets with small buffers.
func socketPair(t testing.TB) (out, in int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 8192); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
	})
	return fds[0], fds[1]
}

// drainSocket appends what can be read from in to got.
func drainSocket(t testing.TB, in int, got []byte) []byte {
	t.Helper()
	buf := make([]byte, 32<<10)
	for {
		n, err := unix.Read(in, buf)
		if err == unix.EAGAIN {
			return got
		}
		if err != nil || n == 0 {
			t.Fatalf("read: %d, %v", n, err)
		}
		got = append(got, buf[:n]...)
	}
}

// The real kernel: a small socket buffer, a slow reader, every kind of item.
func TestSocketAllKinds(t *testing.T) {
	out, in := socketPair(t)
	q := newQueue(t)
	woken := make(chan struct{}, 1)
	q.wake = func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	r, w := io.Pipe()
	data := noise(10, 300_000)
	done := 0
	q.PushCopy(data)
	q.PushOwned(data, func([]byte) { done++ })
	q.Push(File(tempFile(t, data), 0, -1))
	q.Push(mustBytes(t, string(data), 1000))
	q.Push(Reader(r, 4096))
	q.PushOwned([]byte("behind"), func([]byte) { done++ })
	go func() {
		for p := data; len(p) > 0; p = p[10_000:] {
			_, _ = w.Write(p[:10_000])
			time.Sleep(time.Millisecond) // so that the queue has to wait
		}
		_ = w.Close()
	}()
	var got []byte
	blocked, notReady := 0, 0
	for !q.Empty() {
		_, err := q.WriteTo(out)
		mustCheck(t, q)
		switch err {
		case nil:
		case ErrBlocked:
			blocked++
			got = drainSocket(t, in, got)
		case ErrNotReady:
			notReady++
			wait(t, woken, "the wake of the reader")
		default:
			t.Fatal(err)
		}
	}
	got = drainSocket(t, in, got)
	var want []byte
	for range 5 {
		want = append(want, data...)
	}
	mustEqual(t, got, append(want, "behind"...))
	if blocked == 0 || notReady == 0 || done != 2 {
		t.Errorf("blocked %d times, not ready %d times, done %d", blocked, notReady, done)
	}
}

// Dropping a queue while a reader blocks ends the reader's goroutine; TestMain counts them.
func TestSocketDropWhileReaderBlocks(t *testing.T) {
	out, _ := socketPair(t)
	q := newQueue(t)
	r, w := io.Pipe()
	q.Push(Reader(r, 0))
	if _, err := q.WriteTo(out); err != ErrNotReady {
		t.Fatal(err)
	}
	q.Discard()
	closed := make(chan error, 1)
	go func() {
		var err error
		for err == nil { // the Read that was blocked may still take one
			_, err = w.Write([]byte("late"))
		}
		closed <- err
	}()
	wait(t, closed, "the reader's Close")
}

// A peer that is gone is EPIPE, and no signal.
func TestSocketPeerGone(t *testing.T) {
	out, in := socketPair(t)
	if err := unix.Shutdown(in, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	push := map[string]func(*Queue){
		"write":    func(q *Queue) { q.PushCopy([]byte("one")) },
		"writev":   func(q *Queue) { q.PushCopy([]byte("one")); q.PushOwned([]byte("two"), nil) },
		"sendfile": func(q *Queue) { q.Push(File(tempFile(t, []byte("one")), 0, -1)) },
	}
	for call, push := range push {
		q := newQueue(t)
		push(q)
		if _, err := q.WriteTo(out); errnoOf(err) != unix.EPIPE {
			t.Errorf("%s: %v", call, err)
		}
	}
}
