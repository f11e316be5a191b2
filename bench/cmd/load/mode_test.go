package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"testing"
	"time"
)

// demand checks what holds for every load in a closed loop that ended after some messages.
func demand(t *testing.T, r *report, messages int64) {
	t.Helper()
	if r.Messages < messages || r.Latency.Count != r.Messages {
		t.Errorf("%d messages and the latency of %d, want at least %d of both", r.Messages, r.Latency.Count, messages)
	}
	if r.NeverSent != nil || r.Seconds <= 0 || r.LoadCPU <= 0 || r.LoadUser+r.LoadSystem <= 0 {
		t.Errorf("%+v", r)
	}
	q := r.Latency
	if q.P50 <= 0 || q.P50 > q.P90 || q.P90 > q.P99 || q.P99 > q.P999 || q.P999 > q.Max || q.Mean > q.Max {
		t.Errorf("the latency makes no sense: %+v", q)
	}
}

func TestEchoCounts(t *testing.T) {
	for _, tc := range []struct{ conns, depth, size, messages int }{
		{1, 1, 1, 50}, {1, 1, 64, 200}, {5, 3, 64, 3000}, {2, 500, 1, 100_000}, {3, 2, 100_003, 100}, {1, 3, 1 << 20, 20},
	} {
		t.Run(fmt.Sprintf("%+v", tc), func(t *testing.T) {
			var read counter
			addr := serve(t, read.counted(echo))
			r := well(t, "-addr", addr, "-mode", "echo", "-conns", strconv.Itoa(tc.conns), "-depth", strconv.Itoa(tc.depth),
				"-size", strconv.Itoa(tc.size), "-messages", strconv.Itoa(tc.messages))
			demand(t, r, int64(tc.messages))
			// A message may be answered in part when the measured time begins and when it ends.
			inFlight := int64(tc.conns * tc.depth * tc.size)
			if size := int64(tc.size); r.Bytes < r.Messages*size-inFlight || r.Bytes > r.Messages*size+inFlight {
				t.Errorf("%d bytes, %d messages of %d", r.Bytes, r.Messages, size)
			}
			if got := read.Load(); got%int64(tc.size) != 0 || got < r.Messages*int64(tc.size) {
				t.Errorf("the server has got %d bytes, after %d messages of %d", got, r.Messages, tc.size)
			}
		})
	}
}

func TestLineCounts(t *testing.T) {
	for _, size := range []string{"4", "32", "5000"} {
		addr := serve(t, lines(sameLine))
		demand(t, well(t, "-addr", addr, "-mode", "line", "-conns", "3", "-depth", "16", "-size", size, "-messages", "3000"), 3000)
	}
}

func TestStreamCounts(t *testing.T) {
	addr := serve(t, echo)
	r := well(t, "-addr", addr, "-mode", "stream", "-conns", "2", "-messages", "300")
	demand(t, r, 300)
	if r.Size != 64<<10 || r.Depth != 4 {
		t.Errorf("size %d, depth %d by default", r.Size, r.Depth)
	}
	demand(t, well(t, "-addr", addr, "-mode", "stream", "-depth", "64", "-size", "1000000", "-messages", "100"), 100)
}

// A server may read all there is before it answers: writing goes on without replies.
func TestReplyAfterAll(t *testing.T) {
	const size, depth = 1 << 20, 16
	addr := serve(t, func(i int, nc net.Conn) {
		for _, n := range []int{1, depth} { // the first message comes alone
			buf := make([]byte, n*size)
			if _, err := io.ReadFull(nc, buf); err != nil {
				return
			}
			if _, err := nc.Write(buf); err != nil {
				return
			}
		}
		echo(i, nc)
	})
	demand(t, well(t, "-addr", addr, "-size", strconv.Itoa(size), "-depth", strconv.Itoa(depth), "-messages", "20", "-warmup", "0s"), 20)
}

func TestDuration(t *testing.T) {
	r := well(t, "-addr", serve(t, echo), "-duration", "50ms")
	demand(t, r, 1)
	if r.Seconds < 0.05 {
		t.Errorf("measured for %v s", r.Seconds)
	}
}

func TestRepliesInSingleBytes(t *testing.T) {
	addr := serve(t, func(_ int, nc net.Conn) {
		buf := make([]byte, 1000)
		for {
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			for i := range n {
				if _, err := nc.Write(buf[i : i+1]); err != nil {
					return
				}
			}
		}
	})
	for _, mode := range []string{"echo", "line", "stream"} {
		demand(t, well(t, "-addr", addr, "-mode", mode, "-conns", "2", "-depth", "3", "-size", "7", "-messages", "500"), 500)
	}
}

func TestUnixAndIPv6(t *testing.T) {
	addr := serveOn(t, "unix", socketPath(t), echo)
	demand(t, well(t, "-addr", addr, "-conns", "20", "-depth", "8", "-messages", "3000"), 3000)
	demand(t, well(t, "-addr", addr, "-mode", "stream", "-messages", "100"), 100)
	demand(t, well(t, "-addr", serveOn(t, "tcp", "[::1]:0", echo), "-messages", "100"), 100)
}

func TestIdle(t *testing.T) {
	var read counter
	addr := serve(t, read.counted(echo))
	r := well(t, "-addr", addr, "-mode", "idle", "-conns", "250", "-pid", strconv.Itoa(os.Getpid()))
	m := r.memoryReport
	if m == nil || m.Connections != 250 || m.ResidentBefore <= 0 || m.AnonymousBefore <= 0 ||
		m.ResidentAfter < m.AnonymousAfter || r.Latency != nil || r.Messages != 0 {
		t.Errorf("%+v, %+v", r, m)
	}
	// Each connection had one message answered, and every third or so another.
	if got := read.Load() / 64; got < 250+80 || got > 250+sampled {
		t.Errorf("%d messages", got)
	}
}

func TestIdleIsLeft(t *testing.T) {
	addr := serve(t, func(_ int, nc net.Conn) {
		buf := make([]byte, 64)
		if n, err := nc.Read(buf); err == nil {
			_, _ = nc.Write(buf[:n])
		}
		time.Sleep(10 * time.Millisecond)
	})
	badly(t, patience, []string{"connection ", "closed"}, "-addr", addr, "-mode", "idle", "-conns", "2", "-pid", strconv.Itoa(os.Getpid()))
}

func TestSlow(t *testing.T) {
	var read counter
	addr := serve(t, read.counted(lines(sameLine)))
	r := well(t, "-addr", addr, "-mode", "slow", "-conns", "3", "-depth", "10000", "-duration", "200ms")
	if r.Latency.Count < 1 || r.Messages <= r.Latency.Count {
		t.Errorf("%d messages, the latency of %d", r.Messages, r.Latency.Count)
	}
	// What the slow ones have had answered is bounded by their pace.
	if slow := r.Messages - r.Latency.Count; slow > 3*(40*slowRead/64) {
		t.Errorf("%d lines were read slowly", slow)
	}
	if got := read.Load(); got < 3*1000*64 { // much more than was read back by then
		t.Errorf("the server has got %d bytes", got)
	}
}

func TestSlowFindsWrongByte(t *testing.T) {
	addr := serve(t, lines(func(w *bufio.Writer, line []byte, n int) {
		if n == 900 && w.Available() > 0 { // far behind what is read slowly
			line[5]++
		}
		sameLine(w, line, n)
	}))
	badly(t, patience, []string{"connection ", "message 900"}, "-addr", addr, "-mode", "slow", "-depth", "1000", "-duration", "10ms")
}
