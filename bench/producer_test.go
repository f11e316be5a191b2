//go:build linux

package bench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/millrace-net/millrace/producer"
	"golang.org/x/sys/unix"
)

// queueBench is a queue whose far end is drained by the benchmark itself: one goroutine, two sockets.
type queueBench struct {
	q       producer.Queue
	out, in int
	calls   int // writes, writevs and sendfiles
	buf     []byte
	got     int64          // bytes that arrived
	sum     *xxhash.Digest // of what arrived in this round
	woken   chan struct{}
}

func newQueueBench(b *testing.B) *queueBench {
	b.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
	})
	qb := &queueBench{out: fds[0], in: fds[1], buf: make([]byte, 256<<10), sum: xxhash.New(), woken: make(chan struct{}, 1)}
	calls := producer.SystemCalls()
	var free [][]byte
	sys := &producer.Sys{
		Calls: producer.Calls{
			Write:    func(fd int, p []byte) (int, unix.Errno) { qb.calls++; return calls.Write(fd, p) },
			Writev:   func(fd int, iov []unix.Iovec) (int, unix.Errno) { qb.calls++; return calls.Writev(fd, iov) },
			Sendfile: calls.Sendfile,
		},
		Get: func(n int) []byte {
			if last := len(free) - 1; last >= 0 && cap(free[last]) >= n {
				p := free[last]
				free = free[:last]
				return p
			}
			return make([]byte, 0, n)
		},
		Put: func(p []byte) { free = append(free, p) },
	}
	qb.q.Init(sys, func() {
		select {
		case qb.woken <- struct{}{}:
		default:
		}
	})
	b.Cleanup(func() { qb.q.Discard() })
	return qb
}

// drain writes the queue out and reads it from the other end; hash says whether what arrives is summed.
func (qb *queueBench) drain(b *testing.B, hash bool) {
	for !qb.q.Empty() {
		switch _, err := qb.q.WriteTo(qb.out); err {
		case nil, producer.ErrBlocked:
			qb.read(b, hash)
		case producer.ErrNotReady:
			<-qb.woken
		default:
			b.Fatal(err)
		}
	}
	qb.read(b, hash)
}

// read takes what has arrived.
func (qb *queueBench) read(b *testing.B, hash bool) {
	for {
		n, err := unix.Read(qb.in, qb.buf)
		if err == unix.EAGAIN {
			return
		}
		if err != nil || n == 0 {
			b.Fatalf("read: %d, %v", n, err)
		}
		qb.got += int64(n)
		if hash {
			_, _ = qb.sum.Write(qb.buf[:n])
		}
		if n < len(qb.buf) {
			return
		}
	}
}

// run measures rounds of push and drain, after one round whose stream is compared with want byte by byte.
func (qb *queueBench) run(b *testing.B, want []byte, push func()) {
	b.Helper()
	push()
	qb.drain(b, true)
	if qb.got != int64(len(want)) || qb.sum.Sum64() != xxhash.Sum64(want) {
		b.Fatalf("%d bytes arrived, want %d, or they differ", qb.got, len(want))
	}
	qb.got, qb.calls = 0, 0
	b.SetBytes(int64(len(want)))
	b.ReportAllocs()
	for b.Loop() {
		push()
		qb.drain(b, false)
	}
	if qb.got != int64(len(want))*int64(b.N) {
		b.Fatalf("%d bytes arrived, want %d rounds of %d", qb.got, b.N, len(want))
	}
}

// oneCall checks that each round took one system call.
func (qb *queueBench) oneCall(b *testing.B) {
	b.Helper()
	if qb.calls != b.N {
		b.Fatalf("%d calls in %d rounds", qb.calls, b.N)
	}
}

// queueData returns n bytes that differ from offset to offset.
func queueData(n int) []byte {
	var p []byte
	for len(p) < n {
		p = fmt.Appendf(p, "%07x.", len(p))
	}
	return p[:n]
}

// BenchmarkQueueCopy pushes small replies as a pipelining server does. All of a round share one block and one write.
func BenchmarkQueueCopy(b *testing.B) {
	for _, pushes := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("%dx32", pushes), func(b *testing.B) {
			qb := newQueueBench(b)
			want := queueData(pushes * 32)
			qb.run(b, want, func() {
				for at := 0; at < len(want); at += 32 {
					qb.q.PushCopy(want[at : at+32])
				}
			})
			qb.oneCall(b)
		})
	}
}

// BenchmarkQueueOwned pushes slices that are not copied. All of a round leave in one writev.
func BenchmarkQueueOwned(b *testing.B) {
	for _, size := range []int{32, 1024, 8192} {
		b.Run(fmt.Sprintf("16x%d", size), func(b *testing.B) {
			qb := newQueueBench(b)
			want := queueData(16 * size)
			pushed, done := 0, 0
			paid := func([]byte) { done++ }
			qb.run(b, want, func() {
				pushed += 16
				for at := 0; at < len(want); at += size {
					qb.q.PushOwned(want[at:at+size], paid)
				}
			})
			qb.oneCall(b)
			if pushed != done {
				b.Fatalf("%d slices pushed, %d done", pushed, done)
			}
		})
	}
}

// BenchmarkQueueSmallPushes is the queue alone: 16 slices, and a kernel that takes all and does nothing.
func BenchmarkQueueSmallPushes(b *testing.B) {
	var q producer.Queue
	slices := 0
	q.Init(&producer.Sys{Calls: producer.Calls{Writev: func(_ int, iov []unix.Iovec) (int, unix.Errno) {
		slices += len(iov)
		return 16 * 32, 0
	}}}, nil)
	data := queueData(32)
	b.ReportAllocs()
	for b.Loop() {
		for range 16 {
			q.PushOwned(data, nil)
		}
		if n, err := q.WriteTo(0); n != 16*32 || err != nil {
			b.Fatal(n, err)
		}
	}
	if slices != 16*b.N || !q.Empty() {
		b.Fatalf("%d slices in %d rounds", slices, b.N)
	}
}

// BenchmarkQueueReader sends 1 MiB of a reader in memory, and of one that has a goroutine of its own.
func BenchmarkQueueReader(b *testing.B) {
	want := queueData(1 << 20)
	for name, reader := range map[string]func() io.Reader{
		"inline":    func() io.Reader { return bytes.NewReader(want) },
		"goroutine": func() io.Reader { return struct{ io.Reader }{bytes.NewReader(want)} },
	} {
		b.Run(name, func(b *testing.B) {
			qb := newQueueBench(b)
			qb.run(b, want, func() { qb.q.Push(producer.Reader(reader(), 0)) })
		})
	}
}

// BenchmarkQueueFile sends 1 MiB of a file by sendfile, and read by More.
func BenchmarkQueueFile(b *testing.B) {
	want := queueData(1 << 20)
	name := filepath.Join(b.TempDir(), "file")
	if err := os.WriteFile(name, want, 0o600); err != nil {
		b.Fatal(err)
	}
	open := func(b *testing.B) producer.Producer {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		return producer.File(f, 0, -1)
	}
	b.Run("sendfile", func(b *testing.B) {
		qb := newQueueBench(b)
		qb.run(b, want, func() { qb.q.Push(open(b)) })
		if qb.calls != 0 {
			b.Fatalf("%d writes beside sendfile", qb.calls)
		}
	})
	b.Run("more", func(b *testing.B) {
		qb := newQueueBench(b)
		qb.run(b, want, func() { qb.q.Push(onlyMore{open(b)}) })
	})
}

// onlyMore hides that a producer is a file.
type onlyMore struct{ producer.Producer }

func (m onlyMore) Close() error { return m.Producer.(io.Closer).Close() }
