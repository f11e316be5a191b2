package producer

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWriteToEmpty(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	if n, err := q.WriteTo(3); n != 0 || err != nil || k.calls != 0 {
		t.Fatalf("%d, %v, %d calls", n, err, k.calls)
	}
}

// Everything that can be written at once leaves in one call.
func TestWriteToOneBatch(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	q.PushCopy([]byte("copied, "))
	q.PushCopy([]byte("twice, "))
	q.PushOwned([]byte("owned, "), nil)
	q.Push(mustBytes(t, "bytes, ", 2))
	q.Push(&script{steps: []step{{"one last chunk, ", io.EOF}}})
	q.Push(&script{})
	q.Push(&script{steps: []step{{"one chunk, ", nil}, {"its next", nil}}})
	q.PushCopy([]byte("; behind"))
	const first = "copied, twice, owned, bytes, one last chunk, one chunk, "
	if n, err := q.WriteTo(3); n != int64(len(first)) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	mustCheck(t, q)
	mustRelease(t, q)
	if string(k.got) != first || k.calls != 1 || k.slices != 5 {
		t.Fatalf("%q in %d calls, %d slices", k.got, k.calls, k.slices)
	}
	if err := flush(t, q); err != nil || string(k.got) != first+"its next; behind" {
		t.Fatalf("%q, %v", k.got, err)
	}
}

// The result tells a full socket from one that took all.
func TestWriteToResults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		taken int
		errno syscall.Errno
		n     int64
		err   error
	}{
		{"all", 10, 0, 10, nil},
		{"a part", 4, 0, 4, ErrBlocked},
		{"nothing", 0, 0, 0, ErrBlocked},
		{"full", 0, unix.EAGAIN, 0, ErrBlocked},
		{"broken pipe", 0, unix.EPIPE, 0, unix.EPIPE},
		{"reset", 0, unix.ECONNRESET, 0, unix.ECONNRESET},
		{"no memory", 0, unix.ENOBUFS, 0, unix.ENOBUFS},
	} {
		for _, slices := range []int{1, 2} {
			k := &kernel{accept: func(int) (int, syscall.Errno) { return tt.taken, tt.errno }}
			q := newKernelQueue(t, k)
			done := 0
			for range slices {
				q.PushOwned(make([]byte, 10/slices), func([]byte) { done++ })
			}
			n, err := q.WriteTo(3)
			if n != tt.n || !errors.Is(err, tt.err) {
				t.Errorf("%s, %d slices: %d, %v, want %d, %v", tt.name, slices, n, err, tt.n, tt.err)
			}
			mustCheck(t, q)
			mustRelease(t, q)
			if q.Size() != 10-n {
				t.Errorf("%s: Size %d after %d of 10", tt.name, q.Size(), n)
			}
			if q.Discard(); done != slices {
				t.Errorf("%s: done was called %d times", tt.name, done)
			}
			call := []string{"write:", "writev:"}[slices-1]
			if errnoOf(tt.err) != 0 && !strings.HasPrefix(err.Error(), call) {
				t.Errorf("%s: %q does not name its call", tt.name, err)
			}
		}
	}
}

// 5,000 one-byte items, with nil and empty producers between them: more than IOV_MAX, and no empty slice.
func TestWriteToManySlices(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	var want []byte
	closed := make([]*script, 0, 5000)
	for i := range 5000 {
		c := byte('a' + i%26)
		want = append(want, c)
		switch i % 3 {
		case 0:
			q.PushOwned([]byte{c}, nil)
		case 1:
			q.Push(mustBytes(t, string(c), 1))
		case 2:
			s := &script{steps: []step{{string(c), io.EOF}}}
			closed = append(closed, s)
			q.Push(s)
		}
		q.Push(nil)
		empty := &script{}
		closed = append(closed, empty)
		q.Push(empty)
	}
	if err := flush(t, q); err != nil {
		t.Fatal(err)
	}
	mustEqual(t, k.got, want)
	if k.slices != maxIovecs || k.calls != 5 {
		t.Errorf("%d calls of at most %d slices", k.calls, k.slices)
	}
	for i, s := range closed {
		if s.closed != 1 {
			t.Fatalf("producer %d was closed %d times", i, s.closed)
		}
	}
	if len(q.ring) > maxIdleItems {
		t.Errorf("an empty queue keeps a ring of %d items", len(q.ring))
	}
}

func TestWriteToBatchCap(t *testing.T) {
	for _, tt := range []struct{ limit, total, batch int }{
		{0, defaultMaxBatchBytes + 5000, defaultMaxBatchBytes},
		{-1, 2 * defaultMaxBatchBytes, defaultMaxBatchBytes},
		{1, 300, 1},
		{1000, 5001, 1000},
	} {
		k := &kernel{}
		q := newKernelQueue(t, k)
		q.sys.MaxBatchBytes, q.sys.MaxIovecs = tt.limit, 5000
		want := noise(6, tt.total)
		q.PushOwned(want, nil)
		if n, err := q.WriteTo(3); n != int64(tt.batch) || err != nil {
			t.Fatalf("limit %d: %d, %v", tt.limit, n, err)
		}
		if err := flush(t, q); err != nil {
			t.Fatal(err)
		}
		mustEqual(t, k.got, want)
		if k.offer != tt.batch || k.calls != (tt.total+tt.batch-1)/tt.batch {
			t.Errorf("limit %d: %d bytes in %d calls", tt.limit, k.offer, k.calls)
		}
	}
}

// No producer is asked for a chunk that the batch has no room for: memory is bounded by the batch, not by the queue.
func TestWriteToAsksForOneBatch(t *testing.T) {
	for _, tt := range []struct{ maxBytes, maxIovecs, asked int }{
		{2500, 0, 3},
		{0, 4, 4},
		{1, 0, 1},
	} {
		k := &kernel{accept: func(int) (int, syscall.Errno) { return 0, unix.EAGAIN }}
		q := newKernelQueue(t, k)
		q.sys.MaxBatchBytes, q.sys.MaxIovecs = tt.maxBytes, tt.maxIovecs
		for range 10 {
			q.Push(&script{steps: []step{{strings.Repeat("x", 1000), io.EOF}}})
		}
		for range 3 {
			if _, err := q.WriteTo(3); err != ErrBlocked {
				t.Fatal(err)
			}
			mustCheck(t, q)
		}
		if n := q.Size() / 1000; n != int64(tt.asked) {
			t.Errorf("%d bytes, %d slices in a batch: %d producers were asked, want %d", tt.maxBytes, tt.maxIovecs, n, tt.asked)
		}
	}
}

// Size counts what is known to wait, the chunk in hand included.
func TestWriteToSize(t *testing.T) {
	k := &kernel{accept: func(n int) (int, syscall.Errno) { return min(n, 3), 0 }}
	q := newKernelQueue(t, k)
	q.Push(&script{steps: []step{{p: "0123456789"}, {p: "more"}}})
	if q.Size() != 0 {
		t.Fatalf("Size %d before the producer was asked", q.Size())
	}
	for _, want := range []int64{7, 4, 1, 0, 1, 0} {
		if _, err := q.WriteTo(3); err != nil && err != ErrBlocked {
			t.Fatal(err)
		}
		mustCheck(t, q)
		if q.Size() != want {
			t.Fatalf("Size %d, want %d", q.Size(), want)
		}
	}
}
