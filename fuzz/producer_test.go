//go:build linux

package fuzz

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/millrace-net/millrace/producer"
	"golang.org/x/sys/unix"
)

// queueFileBytes is the length of the file that FuzzQueue sends parts of.
const queueFileBytes = 100_000

// What one input can cost at most: operations, files, bytes.
const (
	queueMaxOps   = 300
	queueMaxFiles = 8
	queueMaxBytes = 1 << 20
)

// FuzzQueue reads its input as operations of three bytes, an opcode and a 16-bit argument: pushes of every kind of item,
// looks, pops, discards, and writes to a kernel that takes as much as the argument says. Next to the queue it keeps the
// bytes that should wait in it, in one plain slice.
func FuzzQueue(f *testing.F) {
	stream := queueStream(queueMaxBytes + queueFileBytes)
	stream, content := stream[:queueMaxBytes], stream[queueMaxBytes:]
	name := filepath.Join(f.TempDir(), "content")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		f.Fatal(err)
	}
	for _, seed := range queueSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		s := &queueSubject{t: t, fileName: name, content: content, stream: stream}
		sys := &producer.Sys{
			Calls:         producer.Calls{Write: s.write, Writev: s.writev, Sendfile: s.sendfile},
			Get:           func(n int) []byte { s.blocks++; return make([]byte, 0, n) },
			Put:           func([]byte) { s.blocks-- },
			MaxIovecs:     7,
			MaxBatchBytes: 50_000,
		}
		s.q.Init(sys, nil)
		for n := 0; len(ops) >= 3 && n < queueMaxOps; n++ {
			s.step(ops[0], int(ops[1])|int(ops[2])<<8)
			ops = ops[3:]
		}
		s.finish()
	})
}

// queueStream returns n bytes that look different at every offset.
func queueStream(n int) []byte {
	p := make([]byte, 0, n+8)
	for len(p) < n {
		p = fmt.Appendf(p, "%07x.", len(p))
	}
	return p[:n]
}

// queueSubject is a queue, the kernel it writes to, and the model of both.
type queueSubject struct {
	t        *testing.T
	q        producer.Queue
	fileName string
	content  []byte // of the file
	stream   []byte // what has not been made yet

	wait   []byte   // the bytes that should leave next, in order
	past   int64    // how many left before them
	fails  []int64  // where in the stream it fails, counted from its begin
	owed   []func() // each fails the test unless its item was paid for exactly once
	files  int
	blocks int

	plan    int // what the kernel does next
	offered int
	taken   []byte
	errno   syscall.Errno
}

// fresh makes n bytes that will wait, or what is left of the stream.
func (s *queueSubject) fresh(n int) []byte {
	n = min(n, len(s.stream))
	p := s.stream[:n:n]
	s.stream = s.stream[n:]
	s.wait = append(s.wait, p...)
	return p
}

// once returns a function that has to be called exactly once by the end.
func (s *queueSubject) once(what string) func() {
	calls := 0
	s.owed = append(s.owed, func() {
		if calls != 1 {
			s.t.Errorf("%s: paid for %d times", what, calls)
		}
	})
	return func() { calls++ }
}

// step runs one operation.
func (s *queueSubject) step(op byte, arg int) {
	switch op % 12 {
	case 0:
		s.q.PushCopy(s.fresh(arg))
	case 1:
		s.pushOwned(arg, false)
	case 2:
		s.pushOwned(arg, true)
	case 3:
		p, err := producer.Bytes(s.fresh(arg), 1+arg%100)
		if err != nil {
			s.t.Fatal(err)
		}
		s.q.Push(p)
	case 4:
		s.q.Push(producer.Reader(strings.NewReader(string(s.fresh(arg))), 1+arg%5000))
	case 5:
		s.pushFile(arg)
	case 6, 7:
		s.pushSteps(arg)
	case 8:
		s.pop()
	case 9:
		s.discard()
	default:
		s.writeTo(arg)
	}
	if n := s.q.Size(); n < 0 || n > int64(len(s.wait)) {
		s.t.Fatalf("Size %d, with %d bytes waiting", n, len(s.wait))
	}
}

// pushOwned queues owned bytes; if it is told to, their done pushes more.
func (s *queueSubject) pushOwned(n int, again bool) {
	paid := s.once("owned")
	p := s.fresh(n)
	s.q.PushOwned(p, func(got []byte) {
		paid()
		if len(got) != len(p) || len(p) > 0 && &got[0] != &p[0] {
			s.t.Error("done was called with other bytes")
		}
		if again {
			s.q.PushCopy(s.fresh(n % 50))
		}
	})
}

// pushFile queues a part of the file, which may be promised longer than it is.
func (s *queueSubject) pushFile(arg int) {
	if s.files++; s.files > queueMaxFiles {
		return
	}
	file, err := os.Open(s.fileName)
	if err != nil {
		s.t.Fatal(err)
	}
	s.owed = append(s.owed, func() {
		if err := file.Close(); !errors.Is(err, os.ErrClosed) {
			s.t.Errorf("a file was not closed: %v", err)
		}
	})
	off, n := arg%0x1000*24, int64(arg>>12)*5000-5000
	s.q.Push(producer.File(file, int64(off), n))
	end := len(s.content)
	if n >= 0 {
		end = min(end, off+int(n))
	}
	s.wait = append(s.wait, s.content[off:end]...)
	if int64(end-off) < n {
		s.fails = append(s.fails, s.past+int64(len(s.wait)))
	}
}

// pushSteps queues a producer that does as bits say.
func (s *queueSubject) pushSteps(bits int) {
	p := &queueSteps{p: s.fresh(bits % 3000), bits: bits, paid: s.once("producer"), fails: bits&0x8000 != 0}
	s.q.Push(p)
	if p.fails {
		s.fails = append(s.fails, s.past+int64(len(s.wait)))
	}
}

// leave takes got, which left the queue by a write or a pop, from the model.
func (s *queueSubject) leave(got []byte) {
	if !bytes.HasPrefix(s.wait, got) {
		s.t.Fatalf("%d bytes left that are not the next after %d: %.40q, want %.40q", len(got), s.past, got, s.wait)
	}
	s.wait = s.wait[len(got):]
	s.past += int64(len(got))
	if len(s.fails) > 0 && s.past > s.fails[0] {
		s.t.Fatalf("bytes up to %d left, but the stream fails at %d", s.past, s.fails[0])
	}
}

// failed checks that err, which is a producer's own, comes where the stream fails.
func (s *queueSubject) failed(err error) {
	if !errors.Is(err, errQueueProducer) && !errors.Is(err, io.ErrUnexpectedEOF) {
		s.t.Fatalf("an error from nowhere: %v", err)
	}
	if len(s.fails) == 0 || s.fails[0] != s.past {
		s.t.Fatalf("%v at %d, want it at %v", err, s.past, s.fails)
	}
}

// pop takes the head and reads it to its end.
func (s *queueSubject) pop() {
	p, ok := s.q.Pop()
	if !ok {
		return
	}
	for {
		chunk, err := p.More()
		s.leave(chunk)
		if err == nil || err == producer.ErrNotReady {
			continue
		}
		if err != io.EOF {
			s.failed(err)
			s.fails = s.fails[1:]
		}
		break
	}
	if c, ok := p.(io.Closer); ok {
		if err := c.Close(); err != nil {
			s.t.Fatal(err)
		}
	}
}

// discard drops everything. What a done pushes meanwhile waits.
func (s *queueSubject) discard() {
	size := s.q.Size()
	s.past += int64(len(s.wait))
	s.wait, s.fails = nil, nil
	if n := s.q.Discard(); n != size {
		s.t.Fatalf("Discard says %d, Size said %d", n, size)
	}
}

// writeTo writes one batch to a kernel that does as plan says, and checks what WriteTo says about it.
func (s *queueSubject) writeTo(plan int) {
	s.plan, s.offered, s.taken, s.errno = plan, 0, nil, 0
	n, err := s.q.WriteTo(3)
	if n != int64(len(s.taken)) {
		s.t.Fatalf("WriteTo says %d, the kernel took %d", n, len(s.taken))
	}
	s.leave(s.taken)
	short := s.errno == unix.EAGAIN || len(s.taken) < s.offered
	switch {
	case err == nil && s.errno == 0 && !short:
	case err == producer.ErrBlocked && short:
	case err == producer.ErrNotReady && s.offered == 0:
	case errors.Is(err, unix.EPIPE) && s.errno == unix.EPIPE:
	default:
		s.failed(err)
		if n, again := s.q.WriteTo(3); n != 0 || again == nil || again.Error() != err.Error() {
			s.t.Fatalf("%v became %d, %v", err, n, again)
		}
		s.discard()
	}
}

// finish writes the rest and checks that nothing is left and everything was paid for.
func (s *queueSubject) finish() {
	for rounds := 0; !s.q.Empty(); rounds++ {
		if s.writeTo(queueTakeAll); rounds > 100_000 {
			s.t.Fatal("the queue does not end")
		}
	}
	if len(s.wait) != 0 || len(s.fails) != 0 || s.q.Len() != 0 || s.q.Size() != 0 {
		s.t.Fatalf("the queue is empty, %d bytes and %d failures wait", len(s.wait), len(s.fails))
	}
	s.q.Discard()
	for _, check := range s.owed {
		check()
	}
	if s.blocks != 0 {
		s.t.Fatalf("%d blocks were not put back", s.blocks)
	}
}
