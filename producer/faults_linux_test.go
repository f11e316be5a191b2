package producer

import (
	"errors"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A producer that is not ready holds back what is behind it, not what is before it, and says so when it is its turn.
func TestWriteToNotReady(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	s := &script{steps: []step{{err: ErrNotReady}, {err: ErrNotReady}, {"with a chunk ", ErrNotReady}, {err: ErrNotReady}}}
	q.PushCopy([]byte("before "))
	q.Push(s)
	q.PushCopy([]byte("behind"))
	for i, want := range []struct {
		got string
		err error
	}{
		{"before ", nil},
		{"before ", ErrNotReady},
		{"before with a chunk ", nil},
		{"before with a chunk ", ErrNotReady},
		{"before with a chunk behind", nil},
	} {
		_, err := q.WriteTo(3)
		mustCheck(t, q)
		if string(k.got) != want.got || err != want.err {
			t.Fatalf("call %d: %q, %v, want %q, %v", i, k.got, err, want.got, want.err)
		}
	}
	if !q.Empty() || s.closed != 1 || k.calls != 3 {
		t.Fatalf("Len %d, closed %d, %d calls", q.Len(), s.closed, k.calls)
	}
}

// A producer's failure is told after the bytes that came before it, again and again, until the queue is discarded.
func TestWriteToProducerFails(t *testing.T) {
	cause := errors.New("cause")
	nothing := make([]step, maxEmptyChunks+1)
	for _, tt := range []struct {
		name  string
		steps []step
		want  string
		err   error
	}{
		{"at once", []step{{"", cause}}, "before ", cause},
		{"with a chunk", []step{{"chunk ", cause}}, "before chunk ", cause},
		{"after a chunk", []step{{"chunk ", nil}, {"", cause}}, "before chunk ", cause},
		{"with nothing for ever", nothing, "before ", io.ErrNoProgress},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &kernel{}
			q := newKernelQueue(t, k)
			s := &script{steps: tt.steps}
			done := 0
			q.PushCopy([]byte("before "))
			q.Push(s)
			q.PushOwned([]byte("behind"), func([]byte) { done++ })
			for range 2 {
				if err := flush(t, q); !errors.Is(err, tt.err) || string(k.got) != tt.want {
					t.Fatalf("%q, %v, want %q, %v", k.got, err, tt.want, tt.err)
				}
			}
			if s.closed != 0 || done != 0 || q.Len() != 2 {
				t.Fatalf("before Discard: closed %d, done %d, Len %d", s.closed, done, q.Len())
			}
			if q.Discard(); s.closed != 1 || done != 1 {
				t.Fatalf("after Discard: closed %d, done %d", s.closed, done)
			}
		})
	}
}

// 99 empty chunks in a row are still patience.
func TestWriteToSkipsEmptyChunks(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	steps := make([]step, 3*maxEmptyChunks)
	for i := maxEmptyChunks - 1; i < len(steps); i += maxEmptyChunks {
		steps[i].p = "x"
	}
	q.Push(&script{steps: steps})
	if err := flush(t, q); err != nil || string(k.got) != "xxx" {
		t.Fatalf("%q, %v", k.got, err)
	}
}

// moreFunc is a producer that may do anything to its queue.
type moreFunc func() ([]byte, error)

func (f moreFunc) More() ([]byte, error) { return f() }

// A panic in More or done leaves a queue that Discard frees, with every other item paid for once.
func TestWriteToPanics(t *testing.T) {
	mustPanic := func(f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Fatal("the panic was swallowed")
			}
		}()
		f()
	}
	k := &kernel{}
	q := newKernelQueue(t, k)
	done := 0
	s := &script{steps: []step{{"chunk ", io.EOF}}}
	q.PushOwned([]byte("before "), func([]byte) { done++ })
	q.Push(s)
	q.Push(moreFunc(func() ([]byte, error) { panic("in More") }))
	mustPanic(func() { _, _ = q.WriteTo(3) })
	mustCheck(t, q)
	mustRelease(t, q)
	if k.calls != 0 || done != 0 || q.Discard() != int64(len("before chunk ")) || done != 1 || s.closed != 1 {
		t.Fatalf("%d calls, done %d, closed %d", k.calls, done, s.closed)
	}

	q.PushOwned([]byte("1"), func([]byte) { done++; panic("in done") })
	q.PushOwned([]byte("2"), func([]byte) { done++ })
	mustPanic(func() { _, _ = q.WriteTo(3) })
	mustCheck(t, q)
	mustRelease(t, q)
	if string(k.got) != "12" || !q.Empty() || q.Size() != 0 || done != 2 {
		t.Fatalf("%q, Len %d, Size %d, done %d", k.got, q.Len(), q.Size(), done)
	}
	if q.Discard(); done != 3 {
		t.Fatalf("the done behind the panic was called %d times", done-2)
	}
}

// More may push to its queue, enough to move the ring, and what it pushed comes behind.
func TestMorePushes(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	q.PushOwned([]byte("0 "), nil)
	q.Push(moreFunc(func() ([]byte, error) {
		for range 20 {
			q.PushOwned([]byte("+"), nil)
		}
		return []byte("1 "), io.EOF
	}))
	q.Push(&script{steps: []step{{"2 ", io.EOF}}})
	if err := flush(t, q); err != nil || string(k.got) != "0 1 2 ++++++++++++++++++++" || k.calls != 1 {
		t.Fatalf("%q, %v, %d calls", k.got, err, k.calls)
	}
}

// More may drop its own queue: its chunk is then void, and so is all that was there before.
func TestMoreDiscards(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	q.PushCopy([]byte("dropped"))
	q.Push(moreFunc(func() ([]byte, error) {
		q.Discard()
		q.PushCopy([]byte("pushed since"))
		return []byte("void"), nil
	}))
	q.PushCopy([]byte("dropped too"))
	if err := flush(t, q); err != nil || string(k.got) != "pushed since" {
		t.Fatalf("%q, %v", k.got, err)
	}

	q.Push(moreFunc(func() ([]byte, error) { q.Discard(); return []byte("void"), io.EOF }))
	if n, err := q.WriteTo(3); n != 0 || err != nil || !q.Empty() {
		t.Fatalf("%d, %v", n, err)
	}
	mustCheck(t, q)
}

// More may pop what stands before it, and loses nothing of its own.
func TestMorePops(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	q.PushCopy([]byte("popped"))
	q.Push(moreFunc(func() ([]byte, error) {
		if _, ok := q.Pop(); !ok {
			t.Error("nothing to pop")
		}
		return []byte("kept"), io.EOF
	}))
	if err := flush(t, q); err != nil || string(k.got) != "kept" {
		t.Fatalf("%q, %v", k.got, err)
	}
}

// done may push, pop and discard while its queue is being written.
func TestDoneUsesQueue(t *testing.T) {
	k := &kernel{}
	q := newKernelQueue(t, k)
	calls := 0
	q.PushOwned([]byte("1"), func([]byte) {
		calls++
		if _, ok := q.Pop(); ok {
			t.Error("an item that was written was popped")
		}
		q.Discard()
		for range 10 {
			q.PushOwned([]byte("+"), func([]byte) { calls++ })
		}
	})
	q.PushOwned([]byte("2"), func([]byte) { calls++ })
	if err := flush(t, q); err != nil || string(k.got) != "12++++++++++" || calls != 12 {
		t.Fatalf("%q, %v, %d calls", k.got, err, calls)
	}
}

// A failed write keeps all items, so that whoever owns the connection can count what was lost.
func TestWriteToClosedSocket(t *testing.T) {
	q := newQueue(t)
	q.PushCopy([]byte("lost"))
	_, err := q.WriteTo(-1)
	var call *os.SyscallError
	if !errors.As(err, &call) || call.Syscall != "write" || errnoOf(err) != unix.EBADF {
		t.Fatalf("%v", err)
	}
	if n := q.Discard(); n != 4 {
		t.Fatalf("Discard says %d", n)
	}
}
