//go:build linux

package loop

import (
	"bytes"
	"io"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// Where this library is better than asynchat and asyncore, and the tests that show it. Those of package fuzz compare with
// what CPython has done; docs/asynchat-oracle.md is their list.
//
//	quadratic parsing                        fuzz TestBetterLinear, match TestLiteralWorkIsLinear
//	a held-back prefix is lost               fuzz TestBetterHeldPrefix, TestEndOfStream
//	elements after close                     fuzz TestBetterNothingAfterClose, TestNothingIsDeliveredAfterClose
//	a false producer breaks the queue        fuzz TestBetterFalsyProducer, producer TestQueueSkipsNothing
//	buffer_size 0 drops data                 fuzz TestBetterSimpleProducer, producer TestBytesRefusesChunkSize
//	EMFILE closes the listener               TestBetterOutOfDescriptors, TestAcceptExhausted, TestAcceptOutOfDescriptors
//	poll mode loses data at a hang-up        fuzz TestBetterHangUp, TestBetterHangUp
//	close_when_done resets the peer          fuzz TestBetterCloseWhenDone, TestCloseWhenDoneLosesNothing, TestDrainTimeout
//	a stale number reaches a new channel     TestBetterStaleEvent, TestStaleEventReachesNobody
//	readable() is always true                fuzz TestBetterWaterMarks, TestWaterMarks
//	data before set_terminator is an error   fuzz TestBetterDefaultTerminator
//	no limit on an element's size            TestOversizeCloses, TestOversizeDiscard, TestUnfinishedOversize

// While accept answers EMFILE the open connections are served, and those that wait are accepted when it is over. asyncore
// closes the listener for good.
func TestBetterOutOfDescriptors(t *testing.T) {
	l := newTestLoop(t, Options{})
	calls, accept, full := *l.calls, l.calls.Accept, false
	calls.Accept = func(fd int, from *unix.RawSockaddrAny) (int, syscall.Errno) {
		if full {
			return -1, unix.EMFILE
		}
		return accept(fd, from)
	}
	l.calls = &calls
	opened := 0
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		opened++
		c.SetTerminator(match.LF)
		return &hooks{receive: func(c *Conn, data []byte, _ bool) error { return c.Push(data) }}
	})
	if err != nil {
		t.Fatal(err)
	}
	before := dial(t, ln.Addr().String())
	poll(t, l, func() bool { return opened == 1 })
	full = true
	waiting := dial(t, ln.Addr().String())
	poll(t, l, func() bool { return l.Stats().AcceptPauses > 0 })
	answers(t, l, before, "served meanwhile")
	if opened != 1 {
		t.Fatalf("%d were accepted without a descriptor", opened)
	}
	full = false
	poll(t, l, func() bool { return opened == 2 })
	answers(t, l, waiting, "served at last")
	answers(t, l, before, "served still")
}

// answers demands that a line comes back.
func answers(t *testing.T, l *Loop, nc *net.TCPConn, line string) {
	t.Helper()
	in := l.Stats().BytesIn
	io.WriteString(nc, line+"\n")
	poll(t, l, func() bool { return l.Stats().BytesIn == in+uint64(len(line))+1 })
	got := make([]byte, len(line))
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != line {
		t.Fatalf("%q, %v", got, err)
	}
}

// A peer that writes more than one read takes, and is gone before any of it was read: all is delivered before Closed, in the
// order that it came. In its poll mode asyncore reads once and closes.
func TestBetterHangUp(t *testing.T) {
	for _, delivery := range []Delivery{Whole, Pieces} {
		l := newTestLoop(t, Options{RingBytes: 4 << 10})
		var got []byte
		var cause error
		ended := false
		_, peer := pair(t, l, &hooks{
			receive: func(_ *Conn, data []byte, found bool) error {
				if got = append(got, data...); found {
					got = append(got, '\n')
				}
				return nil
			},
			closed: func(_ *Conn, err error) { cause, ended = err, true },
		}, func(c *Conn) { c.SetTerminator(match.LF); c.SetDelivery(delivery) })
		sent := append(bytes.Repeat([]byte("0123456789\n"), 6_000), "unfinished"...)
		if n, err := peer.Write(sent); n != len(sent) {
			t.Fatal(n, err)
		}
		peer.Close()
		poll(t, l, func() bool { return ended })
		if !bytes.Equal(got, sent) || cause != io.EOF {
			t.Fatalf("%d bytes of %d before %v", len(got), len(sent), cause)
		}
	}
}

// A closes B, a new connection takes B's place, and only then comes an event that was B's: the new connection gets none of it.
// In asyncore the event goes to whoever has B's number now.
func TestBetterStaleEvent(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got transcript
	var b, fresh *Conn
	ln, err := l.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		fresh = c
		return &hooks{receive: func(*Conn, []byte, bool) error { got.add("the new one"); return nil }}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, peerA := pair(t, l, HandlerFunc(func(*Conn, []byte, bool) error { got.add("A"); b.Close(); return nil }), nil)
	b, peerB := pair(t, l, HandlerFunc(func(*Conn, []byte, bool) error { got.add("B"); return nil }), nil)
	slot := b.slot
	io.WriteString(peerA, "x") // the kernel reports events in the order in which they came
	dial(t, ln.Addr().String())
	io.WriteString(peerB, "x")
	rounds(t, l, 3)
	if got.is(t, "A"); fresh == nil || fresh.slot != slot || l.Stats().Stale != 1 {
		t.Fatalf("the new connection has slot %d, B had %d; %d stale events", fresh.slot, slot, l.Stats().Stale)
	}
}
