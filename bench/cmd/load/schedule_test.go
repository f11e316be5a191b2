package main

import (
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stalling is an echo server that stops once, for a while, after it has got so many bytes of all connections together.
func stalling(after int64, stall time.Duration) func(int, net.Conn) {
	var seen counter
	var once sync.Once
	var mutex sync.RWMutex // whoever stalls stops all
	return seen.counted(func(_ int, nc net.Conn) {
		buf := make([]byte, 1<<16)
		for {
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			if seen.Load() > after {
				once.Do(func() {
					mutex.Lock()
					time.Sleep(stall)
					mutex.Unlock()
				})
			}
			mutex.RLock()
			_, err = nc.Write(buf[:n])
			mutex.RUnlock()
			if err != nil {
				return
			}
		}
	})
}

// A stall is charged to all messages that were due in it, not only to those that happened to be in flight.
func TestOpenLoopIsCorrectedForOmission(t *testing.T) {
	const stall = 100 * time.Millisecond
	addr := serve(t, stalling(200*64, stall))
	r := well(t, "-addr", addr, "-conns", "4", "-rate", "2000", "-duration", "400ms")
	q := r.Latency
	if q.Max < int64(stall)*99/100 || q.P99 < int64(stall)*8/10 || q.P90 < int64(stall)*4/10 {
		t.Errorf("a stall of %v in 400 ms shows as %+v", stall, q)
	}
	if sum := q.Count + *r.NeverSent; sum < 799 || sum > int64(r.Seconds*2000)+2 { // each due message was sent or was not
		t.Errorf("%d messages, %d never sent, of 2000 a second in %v s", q.Count, *r.NeverSent, r.Seconds)
	}
}

// In a closed loop the same stall is seen by what was in flight, and everything is counted once.
func TestClosedLoopWithStall(t *testing.T) {
	const stall = 100 * time.Millisecond
	addr := serve(t, stalling(500*64, stall))
	r := well(t, "-addr", addr, "-conns", "4", "-messages", "5000")
	demand(t, r, 5000)
	if r.Bytes != r.Messages*64 || r.Latency.Max < int64(stall)*99/100 {
		t.Errorf("%d bytes, %+v", r.Bytes, r.Latency)
	}
}

// What a server cannot take is told.
func TestNeverSent(t *testing.T) {
	addr := serve(t, func(_ int, nc net.Conn) {
		buf := make([]byte, 64)
		for n, err := nc.Read(buf); err == nil; n, err = nc.Read(buf) {
			time.Sleep(10 * time.Millisecond)
			_, _ = nc.Write(buf[:n])
		}
	})
	r := well(t, "-addr", addr, "-rate", "1000", "-duration", "300ms", "-warmup", "0s")
	due := int64(r.Seconds * 1000)
	if sum := r.Latency.Count + *r.NeverSent; sum < 298 || sum > due+3 { // seconds include the end's reading of /proc
		t.Errorf("%d messages and %d never sent of %d", r.Latency.Count, *r.NeverSent, due)
	}
	if *r.NeverSent < due*8/10 || r.Latency.P50 < int64(50*time.Millisecond) {
		t.Errorf("%d of %d never sent, latency %+v", *r.NeverSent, due, r.Latency)
	}
}

// At most -depth messages of a connection are in flight, the rest waits.
func TestOpenLoopDepth(t *testing.T) {
	for _, depth := range []int{1, 16} {
		var most atomic.Int64
		addr := serve(t, func(_ int, nc net.Conn) {
			buf := make([]byte, 1<<16)
			for n, err := nc.Read(buf); err == nil; n, err = nc.Read(buf) {
				most.Store(max(most.Load(), int64(n)))
				time.Sleep(time.Millisecond)
				_, _ = nc.Write(buf[:n])
			}
		})
		well(t, "-addr", addr, "-depth", strconv.Itoa(depth), "-rate", "50000", "-duration", "100ms")
		if full := int64(depth) * 64; most.Load() > full || most.Load() < full/2 {
			t.Errorf("%d bytes in flight with depth %d", most.Load(), depth)
		}
	}
}

func TestScheduleGivesUp(t *testing.T) {
	l := &load{
		options: &options{rate: 10, conns: 5, depth: 1}, conns: make([]conn, 5), script: byteScript(1), epoch: time.Now(),
	}
	for i := range l.conns {
		l.conns[i].marks = newMarks(l.options.mostWaiting(i))
	}
	s := newSchedule(l)
	if s.limit != 1+2 { // one in flight, and what is due in a second
		t.Fatalf("limit %d", s.limit)
	}
	for k := range int64(23) {
		if at := s.dueAt(k); at != s.begin+k*100_000_000 {
			t.Errorf("message %d is due at %d", k, at-s.begin)
		}
	}
	next, err := s.act(s.begin + 2_250_000_000) // messages 0 to 22; nothing is sent
	if err != nil || next != s.dueAt(23) || s.next != 23 || s.turn != 3 {
		t.Errorf("%d, %v, next %d, turn %d", next, err, s.next, s.turn)
	}
	for i := range l.conns {
		for n, m := range l.conns[i].marks.ring[:3] {
			if k := int64(5*n + i); m.at != s.dueAt(k) || m.end != int64(n+1) { // when it was due, not when that was noticed
				t.Errorf("message %d has %+v", k, m)
			}
		}
	}
	if s.givenUp != 3+5 || s.unsent() != 15 { // five connections with three messages each
		t.Errorf("%d given up, %d unsent", s.givenUp, s.unsent())
	}
}
