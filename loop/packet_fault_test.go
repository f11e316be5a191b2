//go:build linux

package loop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

type mmsgCall = func(fd int, msgs []sys.Mmsghdr) (int, syscall.Errno)

// wrapPackets puts send and receive, where they are not nil, in front of the loop's calls.
func wrapPackets(l *Loop, receive, send func(real mmsgCall) mmsgCall) {
	calls := *l.calls
	if receive != nil {
		calls.Recvmmsg = receive(calls.Recvmmsg)
	}
	if send != nil {
		calls.Sendmmsg = send(calls.Sendmmsg)
	}
	l.calls = &calls
}

// failingPackets fails the calls for which when answers an errno.
func failingPackets(when func(msgs []sys.Mmsghdr) syscall.Errno) func(mmsgCall) mmsgCall {
	return func(real mmsgCall) mmsgCall {
		return func(fd int, msgs []sys.Mmsghdr) (int, syscall.Errno) {
			if errno := when(msgs); errno != 0 {
				return 0, errno
			}
			return real(fd, msgs)
		}
	}
}

// A kernel that takes one message of many, or none without an error, gets the others later, in order.
func TestPacketPartialSends(t *testing.T) {
	var sizes []int
	for i := range 150 {
		sizes = append(sizes, 1+i%7*100)
	}
	for _, network := range packetNets(t) {
		l := newTestLoop(t, Options{})
		calls := 0
		wrapPackets(l, nil, func(real mmsgCall) mmsgCall {
			return func(fd int, msgs []sys.Mmsghdr) (int, syscall.Errno) {
				if calls++; calls%5 == 0 {
					return 0, 0
				}
				return real(fd, msgs[:1+(len(msgs)-1)/3])
			}
		})
		exchangePackets(t, l, network.network, network.address, sizes)
		l.Close()
	}
}

// Each call is interrupted, or finds no room or no memory, at first; nothing is lost, and nothing spins.
func TestPacketCallsFailForAWhile(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EINTR, unix.EAGAIN, unix.ENOBUFS, unix.ENOMEM} {
		t.Run(errno.Error(), func(t *testing.T) {
			l := newTestLoop(t, Options{})
			failures := 0
			wrapPackets(l, nil, failingPackets(func([]sys.Mmsghdr) syscall.Errno {
				if failures++; failures%4 != 0 {
					return errno
				}
				return 0
			}))
			exchangePackets(t, l, "udp4", "127.0.0.1:0", []int{1, 1, 1, 300, 300, 7})
			if failures > 40 {
				t.Errorf("%d calls", failures)
			}
		})
	}
}

// A socket that never has room, though epoll says that it has, does not keep the loop awake.
func TestPacketNoRoomDoesNotSpin(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EAGAIN, unix.ENOBUFS} {
		l := newTestLoop(t, Options{})
		wrapPackets(l, nil, failingPackets(func([]sys.Mmsghdr) syscall.Errno { return errno }))
		h := &packetHooks{}
		pc, err := l.ListenPacket("udp4", "127.0.0.1:0", h)
		if err != nil {
			t.Fatal(err)
		}
		peer, _ := PeerFrom(pc.LocalAddr().(*net.UDPAddr).AddrPort())
		pc.Send([]byte("x"), peer)
		turnsFor(t, l, 100*time.Millisecond, 30)
		pc.Close()
		rounds(t, l, 2)
		if s := l.Stats(); s.PacketsLost != 1 || s.PacketsOut != 0 || len(h.causes) != 1 {
			t.Errorf("%+v", s)
		}
		l.Close()
	}
}

// turnsFor polls for a time and demands that it took few turns.
func turnsFor(t *testing.T, l *Loop, d time.Duration, most int) {
	t.Helper()
	turns := 0
	for end := time.Now().Add(d); time.Now().Before(end); turns++ {
		if err := l.Poll(time.Until(end)); err != nil {
			t.Fatal(err)
		}
		if err := l.check(); err != nil {
			t.Fatal(err)
		}
	}
	if turns > most {
		t.Errorf("%d turns in %v", turns, d)
	}
}

// Where UDP_SEGMENT fails when it is used, the datagrams leave one by one, and none is lost.
func TestPacketSegmentationFails(t *testing.T) {
	sizes := []int{1400, 1400, 1400, 1400, 200, 200, 200, 200, 60, 60}
	for errno, want := range map[syscall.Errno]int{
		unix.EIO: 0, unix.EOPNOTSUPP: 0, unix.ENOPROTOOPT: 0, unix.EINVAL: 199, unix.EMSGSIZE: 199,
	} {
		l := newTestLoop(t, Options{})
		var client *PacketConn
		wrapPackets(l, nil, func(real mmsgCall) mmsgCall {
			return func(fd int, msgs []sys.Mmsghdr) (int, syscall.Errno) {
				for i, m := range msgs {
					if m.Hdr.Control == nil || want > 0 && m.Hdr.Iov.Len <= 3*60 {
						continue
					}
					if i > 0 {
						return real(fd, msgs[:i])
					}
					if client == nil {
						client = l.curPacket
					}
					return 0, errno
				}
				return real(fd, msgs)
			}
		})
		exchangePackets(t, l, "udp4", "127.0.0.1:0", sizes)
		if client == nil || client.segment != want {
			t.Errorf("%v: segments up to %d, want %d", errno, client.segment, want)
		}
		if s := l.Stats(); s.PacketsLost != 0 || s.PacketErrors != 0 {
			t.Errorf("%v: %+v", errno, s)
		}
		l.Close()
	}
}

// A kernel without UDP_GRO and UDP_SEGMENT is served without them.
func TestPacketOffloadRefused(t *testing.T) {
	l := newTestLoop(t, Options{})
	calls := *l.calls
	set, get := calls.SetsockoptInt, calls.GetsockoptInt
	calls.SetsockoptInt = func(fd, level, opt, value int) error {
		if level == unix.SOL_UDP {
			return unix.ENOPROTOOPT
		}
		return set(fd, level, opt, value)
	}
	calls.GetsockoptInt = func(fd, level, opt int) (int, error) {
		if level == unix.SOL_UDP {
			return 0, unix.ENOPROTOOPT
		}
		return get(fd, level, opt)
	}
	l.calls = &calls
	var c packetCounter
	c.into(l)
	exchangePackets(t, l, "udp4", "127.0.0.1:0", []int{100, 100, 100, 100})
	if c.sent != 8 || c.received != 8 {
		t.Errorf("%d messages sent, %d received", c.sent, c.received)
	}
}

// Nobody listens: the socket is told, and lives, and is of use when somebody does.
func TestPacketConnectionRefused(t *testing.T) {
	probe, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := probe.LocalAddr().String()
	probe.Close()
	for _, paused := range []bool{false, true} {
		l := newTestLoop(t, Options{})
		h := &packetHooks{}
		got := 0
		h.receive = func(*PacketConn, []byte, Peer) error { got++; return nil }
		pc, err := l.DialPacket("udp4", addr, h)
		if err != nil {
			t.Fatal(err)
		}
		if paused {
			pc.Pause()
		}
		for i := range 3 {
			pc.Send([]byte("anybody?"), Peer{})
			if paused { // the next call finds out
				rounds(t, l, 2)
			} else {
				poll(t, l, func() bool { return len(h.faults) > i })
			}
		}
		if len(h.faults) < 2 {
			t.Errorf("told of %v", h.faults)
		}
		for _, fault := range h.faults {
			if !errors.Is(fault, unix.ECONNREFUSED) {
				t.Error(fault)
			}
		}
		turnsFor(t, l, 30*time.Millisecond, 10)
		pc.Resume()
		server, err := l.ListenPacket("udp4", addr, PacketHandlerFunc(echoPacket))
		if err != nil {
			t.Fatal(err)
		}
		pc.Send([]byte("now"), Peer{})
		poll(t, l, func() bool { return got == 1 })
		if len(h.causes) > 0 || l.Stats().PacketsLost != 0 {
			t.Error(h.causes, l.Stats())
		}
		server.Close()
		l.Close()
	}
}

// An error that an earlier datagram has left at the socket does not cost the datagram that finds it.
func TestPacketPendingErrors(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.EPERM, unix.EINVAL} {
		l := newTestLoop(t, Options{})
		sends, receives := 0, 0
		wrapPackets(l, failingPackets(func([]sys.Mmsghdr) syscall.Errno {
			if receives++; receives%2 == 1 {
				return errno
			}
			return 0
		}), failingPackets(func([]sys.Mmsghdr) syscall.Errno {
			if sends++; sends%2 == 1 {
				return errno
			}
			return 0
		}))
		got := 0
		h := &packetHooks{receive: func(*PacketConn, []byte, Peer) error { got++; return nil }}
		server, err := l.ListenPacket("udp4", "127.0.0.1:0", PacketHandlerFunc(echoPacket))
		if err != nil {
			t.Fatal(err)
		}
		pc, err := l.DialPacket("udp4", server.LocalAddr().String(), h)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			pc.Send([]byte("x"), Peer{})
			poll(t, l, func() bool { return got == i+1 })
		}
		if s := l.Stats(); s.PacketsLost != 0 || s.PacketErrors == 0 || len(h.causes) > 0 {
			t.Errorf("%v: %+v %v", errno, s, h.causes)
		}
		l.Close()
	}
}

// A datagram that the kernel refuses is lost alone, counted and told; those around it arrive.
func TestPacketRefused(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got []byte
	h := &packetHooks{receive: func(_ *PacketConn, data []byte, _ Peer) error { got = append(got, data...); return nil }}
	pc, err := l.ListenPacket("udp4", "127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	self, _ := PeerFrom(pc.LocalAddr().(*net.UDPAddr).AddrPort())
	portless, _ := PeerFrom(netip.MustParseAddrPort("127.0.0.1:0"))
	for i, to := range []Peer{self, portless, portless, self, {}, self} {
		if err := pc.Send([]byte{'a' + byte(i)}, to); err != nil {
			t.Fatal(err)
		}
	}
	poll(t, l, func() bool { return len(got) == 3 && len(h.faults) == 3 })
	if string(got) != "adf" || l.Stats().PacketsLost != 3 || pc.segment != maxSegmented {
		t.Errorf("%q, %+v", got, l.Stats())
	}
	var op *net.OpError
	if !errors.As(h.faults[0], &op) || op.Op != "write" || op.Addr.String() != "127.0.0.1:0" || !errors.Is(op, unix.EINVAL) {
		t.Errorf("%#v", h.faults[0])
	}
	h.failed = func(*PacketConn, error) error { return ErrOverloaded }
	for range 100 { // more than are told
		pc.Send(nil, portless)
	}
	poll(t, l, func() bool { return len(h.causes) > 0 })
	if h.causes[0] != ErrOverloaded || l.Stats().PacketsLost != 103 || len(h.faults) != 4 {
		t.Error(h.causes, l.Stats(), len(h.faults))
	}
}

// A unix peer that does not read, to which epoll reports that there is room: the loop sleeps, the queue is bounded,
// receiving pauses meanwhile, and all that was queued comes when the peer reads.
func TestPacketSlowPeer(t *testing.T) {
	l := newTestLoop(t, Options{HighWater: 4000, LowWater: 1000, MaxOutput: 8000})
	drained, full := 0, 0
	h := &packetHooks{drained: func(*PacketConn) error { drained++; return nil }}
	h.receive = func(pc *PacketConn, data []byte, from Peer) error {
		for range 60 {
			before := pc.Queued()
			if err := pc.Send(data, from); errors.Is(err, ErrOutputFull) && pc.Queued() == before {
				full++
			} else if err != nil {
				return err
			}
		}
		return nil
	}
	pc, err := l.ListenPacket("unixgram", filepath.Join(t.TempDir(), "s"), h)
	if err != nil {
		t.Fatal(err)
	}
	// Not connected, which would lift the kernel's bound of its queue.
	nc, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(t.TempDir(), "c")})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.WriteTo(pattern(100, 1), pc.LocalAddr())
	poll(t, l, func() bool { return pc.above })
	nc.WriteTo(pattern(100, 1), pc.LocalAddr()) // which stays in the kernel
	turnsFor(t, l, 100*time.Millisecond, 40)
	if s := l.Stats(); s.PacketsIn != 1 || full == 0 || pc.Queued() > 8000 || pc.Queued() < 4000 {
		t.Fatalf("%+v, %d queued, %d refused", s, pc.Queued(), full)
	}
	got, buf := 0, make([]byte, 200)
	poll(t, l, func() bool {
		nc.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		for {
			n, err := nc.Read(buf)
			if err != nil {
				break
			}
			if n != 100 {
				t.Errorf("%d bytes", n)
			}
			got++
		}
		return pc.out == nil && drained > 1 && l.Stats().PacketsIn == 2 && got == 120-full
	})
	if s := l.Stats(); s.PacketsOut != uint64(120-full) || s.PacketsLost != 0 {
		t.Errorf("%+v, %d refused", s, full)
	}
}

// A budget bounds what leaves in a turn, and what is left leaves in the next ones.
func TestPacketWriteBudget(t *testing.T) {
	l := newTestLoop(t, Options{WriteBudget: 1, NoOffload: true})
	var sizes []int
	for range 200 {
		sizes = append(sizes, 3)
	}
	exchangePackets(t, l, "udp4", "127.0.0.1:0", sizes)
}

// A descriptor that is of no more use ends its socket, with what was queued counted as lost.
func TestPacketFatal(t *testing.T) {
	for _, sending := range []bool{true, false} {
		l := newTestLoop(t, Options{})
		h := &packetHooks{receive: echoPacket}
		pc, err := l.ListenPacket("udp4", "127.0.0.1:0", h)
		if err != nil {
			t.Fatal(err)
		}
		bad := failingPackets(func([]sys.Mmsghdr) syscall.Errno { return unix.EBADF })
		if sending {
			wrapPackets(l, nil, bad)
		} else {
			wrapPackets(l, bad, nil)
		}
		dialPackets(t, packetNet{host: "127.0.0.1"}, pc.LocalAddr()).Write([]byte("x"))
		poll(t, l, func() bool { return len(h.causes) > 0 })
		if s := l.Stats(); !errors.Is(h.causes[0], unix.EBADF) || sending != (s.PacketsLost == 1) {
			t.Error(h.causes, s)
		}
		l.Close()
	}
}

// A socket that somebody with a duplicate of it has shut down is reported readable for ever: the loop sleeps.
func TestPacketHangUpDoesNotSpin(t *testing.T) {
	l := newTestLoop(t, Options{})
	pc, err := l.DialPacket("udp4", "127.0.0.1:9", PacketHandlerFunc(echoPacket))
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 1)
	if err := unix.Shutdown(pc.fd, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	turnsFor(t, l, 100*time.Millisecond, 40)
	pc.Pause()
	turnsFor(t, l, 100*time.Millisecond, 40)
}

// Pause leaves datagrams in the kernel, and Resume has them delivered.
func TestPacketPause(t *testing.T) {
	l := newTestLoop(t, Options{})
	got := 0
	h := &packetHooks{receive: func(pc *PacketConn, _ []byte, _ Peer) error {
		got++
		pc.Pause()
		return nil
	}}
	pc, err := l.ListenPacket("udp4", "127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	nc := dialPackets(t, packetNet{host: "127.0.0.1"}, pc.LocalAddr())
	for i := range 5 {
		nc.Write([]byte("x"))
		poll(t, l, func() bool { return got == i+1 })
		nc.Write([]byte("x"))
		turnsFor(t, l, 5*time.Millisecond, 5)
		if got != i+1 {
			t.Fatal("delivered while paused")
		}
		pc.Resume()
		poll(t, l, func() bool { return got == i+2 })
		got--
		pc.Resume()
		rounds(t, l, 1)
	}
}

// What was sent before the shutdown is answered, and the socket ends with ErrShutdown.
func TestPacketShutdown(t *testing.T) {
	s, err := NewSet(quiet(Options{Loops: 1}))
	if err != nil {
		t.Fatal(err)
	}
	h := &packetHooks{receive: echoPacket}
	pcs, err := s.ListenPacket("udp4", "127.0.0.1:0", func(*PacketConn) PacketHandler { return h })
	if err != nil {
		t.Fatal(err)
	}
	nc := dialPackets(t, packetNet{host: "127.0.0.1"}, pcs[0].LocalAddr())
	const count = 100
	for i := range count {
		nc.Write(pattern(10, i))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	for i := range count {
		if n, err := nc.Read(buf); err != nil || string(buf[:n]) != string(pattern(10, i)) {
			t.Fatalf("answer %d: %d bytes, %v", i, n, err)
		}
	}
	if len(h.causes) != 1 || h.causes[0] != ErrShutdown {
		t.Error(h.causes)
	}
}

// Every call of a datagram socket's life fails once, with each errno; the loop serves on.
func TestPacketEveryCallFailsOnce(t *testing.T) {
	for _, errno := range []syscall.Errno{
		unix.EINTR, unix.EAGAIN, unix.ECONNREFUSED, unix.ENOBUFS, unix.ENOMEM, unix.EIO, unix.EINVAL, unix.EPERM, unix.EMSGSIZE,
	} {
		runs := 0
		for k := 1; ; k++ {
			f := &faults{at: k, errno: errno}
			if packetScenario(t, f); f.hit == "" {
				break
			}
			runs++
		}
		if runs < 5 {
			t.Fatalf("%v: only %d calls were made to fail", errno, runs)
		}
	}
}

func packetScenario(t *testing.T, f *faults) {
	t.Helper()
	l := newTestLoop(t, Options{})
	f.inject(l)
	fail := func(name string) func(mmsgCall) mmsgCall {
		return failingPackets(func([]sys.Mmsghdr) syscall.Errno {
			if f.next(name) {
				return f.errno
			}
			return 0
		})
	}
	wrapPackets(l, fail("recvmmsg"), fail("sendmmsg"))
	h := &packetHooks{receive: echoPacket}
	server, err := l.ListenPacket("udp4", "127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	client := &packetHooks{receive: func(*PacketConn, []byte, Peer) error { got++; return nil }}
	pc, err := l.DialPacket("udp4", server.LocalAddr().String(), client)
	if err != nil {
		t.Fatal(err)
	}
	what := func() string { return fmt.Sprintf("%v at call %d (%s)", f.errno, f.at, f.hit) }
	for range 3 {
		for range 10 {
			if err := pc.Send([]byte("ping"), Peer{}); err != nil && (f.hit != "epoll_ctl" || err != ErrClosed) {
				t.Fatalf("%s: %v", what(), err)
			}
		}
		want := got + 10
		poll(t, l, func() bool { return got == want || len(h.causes)+len(client.causes) > 0 })
	}
	if len(h.causes)+len(client.causes) > 0 && f.hit != "epoll_ctl" {
		t.Fatalf("%s: closed with %v %v", what(), h.causes, client.causes)
	}
	if s := l.Stats(); s.PacketsLost > 0 && f.hit != "epoll_ctl" {
		t.Fatalf("%s: %+v", what(), s)
	}
	f.at = 0 // the fault clears
	exchangePackets(t, l, "udp4", "127.0.0.1:0", []int{1, 2, 3})
	l.Close()
}

// Datagrams that the kernel refuses cost their part of a turn's budget.
func TestRefusedPacketsAreBounded(t *testing.T) {
	l := newTestLoop(t, Options{HighWater: 4 << 20, MaxOutput: 8 << 20})
	errno, calls := unix.EAGAIN, 0
	wrapPackets(l, nil, failingPackets(func([]sys.Mmsghdr) syscall.Errno { calls++; return errno }))
	pc, err := l.ListenPacket("udp4", "127.0.0.1:0", &packetHooks{})
	if err != nil {
		t.Fatal(err)
	}
	rounds(t, l, 2)
	to, err := PeerFrom(pc.LocalAddr().(*net.UDPAddr).AddrPort())
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; pc.Send([]byte{byte(n), 1}[:1+n%2], to) == nil; n++ {
	}
	errno = unix.ENETUNREACH
	most := 0
	poll(t, l, func() bool {
		most, calls = max(most, calls), 0
		return pc.Queued() == 0
	})
	if limit := l.opts.WriteBudget/refusedCost + 100; most > limit {
		t.Errorf("%d calls in a turn, at most %d are in its budget", most, limit)
	}
}
