package producer

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// partialItems pushes 100 items of all kinds and returns the stream, and a check that each was paid for exactly once.
func partialItems(t *testing.T, q *Queue, r *rand.Rand) (want []byte, paid func()) {
	var done [100]int
	var scripts []*script
	for i := range done {
		p := noise(r.Uint64(), 1+r.IntN(3000))
		want = append(want, p...)
		switch r.IntN(5) {
		case 0:
			q.PushCopy(p)
		case 1:
			q.PushOwned(p, func(got []byte) {
				mustEqual(t, got, p)
				done[i]++
			})
			done[i]--
		case 2:
			q.Push(mustBytes(t, string(p), 1+r.IntN(len(p))))
		case 3:
			q.Push(File(tempFile(t, append([]byte("skipped"), p...)), 7, int64(len(p))))
		case 4:
			s := &script{}
			for len(p) > 0 {
				n := 1 + r.IntN(len(p))
				s.steps = append(s.steps, step{p: string(p[:n])}, step{})
				if r.IntN(2) == 0 {
					s.steps = append(s.steps, step{err: ErrNotReady})
				}
				p = p[n:]
			}
			scripts = append(scripts, s)
			q.Push(s)
		}
		mustCheck(t, q)
	}
	return want, func() {
		t.Helper()
		for i, n := range done {
			if n != 0 {
				t.Errorf("done %d was called %d times", i, n+1)
			}
		}
		for i, s := range scripts {
			if s.closed != 1 {
				t.Errorf("producer %d was closed %d times", i, s.closed)
			}
		}
	}
}

// One cursor, moved by what the kernel took: nothing is lost or doubled, whatever it takes.
func TestWriteToPartial(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 3))
		k := &kernel{accept: func(n int) (int, syscall.Errno) {
			switch r.IntN(8) {
			case 0:
				return 0, unix.EAGAIN
			case 1:
				return 0, unix.EINTR
			case 2:
				return 1, 0
			case 3:
				return n, 0
			}
			return 1 + r.IntN(n), 0
		}}
		q := newKernelQueue(t, k)
		q.sys.MaxIovecs, q.sys.MaxBatchBytes = 1+r.IntN(30), 1+r.IntN(8000)
		want, paid := partialItems(t, q, r)
		if err := flush(t, q); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		paid()
		if sha256.Sum256(k.got) != sha256.Sum256(want) {
			t.Errorf("seed %d: the stream differs", seed)
			mustEqual(t, k.got, want)
		}
		if k.slices > q.sys.MaxIovecs || k.offer > q.sys.MaxBatchBytes {
			t.Errorf("seed %d: %d slices, %d bytes in a batch", seed, k.slices, k.offer)
		}
	}
}

// EAGAIN, EINTR or a single byte at the k-th call, once and from there on, for every k.
func TestWriteToFaultAtEveryCall(t *testing.T) {
	push := func(q *Queue) string {
		q.PushCopy([]byte("copied "))
		q.PushOwned([]byte("owned "), nil)
		q.Push(&script{steps: []step{{"chunk ", nil}, {"chunk ", nil}, {"last ", io.EOF}}})
		q.Push(File(tempFile(t, []byte("file ")), 0, -1))
		q.Push(mustBytes(t, "bytes", 2))
		return "copied owned chunk chunk last file bytes"
	}
	clean := &kernel{}
	q := newKernelQueue(t, clean)
	want := push(q)
	if err := flush(t, q); err != nil || string(clean.got) != want {
		t.Fatalf("%q, %v", clean.got, err)
	}
	for _, fault := range []syscall.Errno{unix.EAGAIN, unix.EINTR, 0} {
		for at := range clean.calls {
			for _, times := range []int{1, 5} {
				k := &kernel{}
				k.accept = func(n int) (int, syscall.Errno) {
					if k.calls <= at || k.calls > at+times {
						return n, 0
					}
					return 1, fault
				}
				q := newKernelQueue(t, k)
				push(q)
				if err := flush(t, q); err != nil || string(k.got) != want {
					t.Errorf("%v at call %d, %d times: %q, %v", fault, at, times, k.got, err)
				}
			}
		}
	}
}

// Popping an item the kernel took a part of gives what is left of it.
func TestPopAfterPartialWrite(t *testing.T) {
	for _, tt := range []struct {
		name string
		push func(q *Queue)
		want string
	}{
		{"copied", func(q *Queue) { q.PushCopy([]byte("0123456789")) }, "3456789"},
		{"owned", func(q *Queue) { q.PushOwned([]byte("0123456789"), nil) }, "3456789"},
		{"owned, done", func(q *Queue) { q.PushOwned([]byte("0123456789"), func([]byte) {}) }, "3456789"},
		{"bytes", func(q *Queue) { q.Push(mustBytes(t, "0123456789", 4)) }, "3456789"},
		{"file", func(q *Queue) { q.Push(File(tempFile(t, []byte("0123456789")), 0, -1)) }, "3456789"},
		{"chunks", func(q *Queue) { q.Push(&script{steps: []step{{p: "01234"}, {p: "56789"}}}) }, "3456789"},
		{"last chunk", func(q *Queue) { q.Push(&script{steps: []step{{"01234", io.EOF}, {p: "no"}}}) }, "34"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &kernel{accept: func(int) (int, syscall.Errno) { return 3, 0 }}
			q := newKernelQueue(t, k)
			tt.push(q)
			if n, err := q.WriteTo(3); n != 3 || err != ErrBlocked {
				t.Fatalf("%d, %v", n, err)
			}
			p, ok := q.Pop()
			mustCheck(t, q)
			if !ok || !q.Empty() || q.Size() != 0 {
				t.Fatalf("%v, Len %d, Size %d", ok, q.Len(), q.Size())
			}
			k.accept = all
			q.Push(p) // and pushed again, it goes on where it was
			if err := flush(t, q); err != nil || string(k.got[3:]) != tt.want {
				t.Fatalf("%q, %v, want %q", k.got[3:], err, tt.want)
			}
		})
	}
}
