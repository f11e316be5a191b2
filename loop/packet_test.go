//go:build linux

package loop

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// packetHooks is a handler of optional funcs that implements every callback.
type packetHooks struct {
	receive func(pc *PacketConn, data []byte, from Peer) error
	drained func(pc *PacketConn) error
	failed  func(pc *PacketConn, err error) error
	closed  func(pc *PacketConn, cause error)
	causes  []error // of PacketClosed
	faults  []error // of PacketFailed
}

func (h *packetHooks) ReceivePacket(pc *PacketConn, data []byte, from Peer) error {
	if h.receive == nil {
		return nil
	}
	return h.receive(pc, data, from)
}

func (h *packetHooks) PacketDrained(pc *PacketConn) error {
	if h.drained == nil {
		return nil
	}
	return h.drained(pc)
}

func (h *packetHooks) PacketFailed(pc *PacketConn, err error) error {
	h.faults = append(h.faults, err)
	if h.failed == nil {
		return nil
	}
	return h.failed(pc, err)
}

func (h *packetHooks) PacketClosed(pc *PacketConn, cause error) {
	h.causes = append(h.causes, cause)
	if h.closed != nil {
		h.closed(pc, cause)
	}
}

func echoPacket(pc *PacketConn, data []byte, from Peer) error { return pc.Send(data, from) }

// checkPackets reports a broken invariant of the loop's datagram sockets, between turns.
func (l *Loop) checkPackets() error {
	s := &l.packets
	begun := 0
	for at, ch := range l.channels {
		pc, ok := ch.handler.(*PacketConn)
		if !ok {
			continue
		}
		begun++
		switch {
		case pc.at != at || pc.gone || !pc.begun || pc.fd != ch.fd:
			return fmt.Errorf("channel %d holds datagram socket %+v", at, pc)
		case ch.events != pc.wanted() && !pc.isDue:
			return fmt.Errorf("epoll knows interest %#x, wanted is %#x", ch.events, pc.wanted())
		case pc.inRead:
			return fmt.Errorf("delivering between turns")
		case pc.out != nil && !pc.isDue && !pc.waits():
			return fmt.Errorf("%d datagrams wait for nothing", pc.out.len())
		}
		if pc.out != nil {
			if err := pc.out.check(); err != nil {
				return err
			}
		}
	}
	for _, pc := range s.due {
		if !pc.isDue {
			return fmt.Errorf("due, and does not know it")
		}
		if pc.gone && pc.begun {
			begun++
		}
	}
	if begun != s.users || (s.batch == nil) != (s.users == 0) || s.dueAt != 0 {
		return fmt.Errorf("%d sockets use the batch, %d are counted", begun, s.users)
	}
	return nil
}

// check reports a breach of the invariant.
func (q *packetQueue) check() error {
	sum, left := 0, 0
	for _, e := range q.entries[q.head:] {
		sum += len(e.data) + packetCost
	}
	for _, s := range q.slabs[q.slab:] {
		if s.left <= 0 {
			return fmt.Errorf("an empty slab is kept")
		}
		left += s.left
	}
	if sum != q.bytes || left != q.len() || left == 0 {
		return fmt.Errorf("%d bytes counted as %d, %d datagrams, %d in slabs", sum, q.bytes, q.len(), left)
	}
	return nil
}

// packetNet is a network to test on: where a server listens, and how clients reach it.
type packetNet struct {
	name, network, address string
	host                   string // that clients of UDP send to
	largest                int
}

func packetNets(t testing.TB) []packetNet {
	return []packetNet{
		{"udp4", "udp4", "127.0.0.1:0", "127.0.0.1", 65507},
		{"udp6", "udp6", "[::1]:0", "::1", 65527},
		{"udp any, IPv4", "udp", ":0", "127.0.0.1", 65507},
		{"udp any, IPv6", "udp", ":0", "::1", 65507},
		{"udp, one address", "udp", "127.0.0.1:0", "127.0.0.1", 65507},
		{"unixgram", "unixgram", filepath.Join(t.TempDir(), "s"), "", MaxPacket},
		{"unixgram, abstract", "unixgram", "@millrace-" + filepath.Base(t.TempDir()) + t.Name(), "", MaxPacket},
	}
}

// dialPackets makes a client of package net.
func dialPackets(t testing.TB, n packetNet, server net.Addr) net.Conn {
	t.Helper()
	var nc net.Conn
	var err error
	if n.network == "unixgram" {
		local := &net.UnixAddr{Net: "unixgram", Name: filepath.Join(t.TempDir(), "c")}
		nc, err = net.DialUnix("unixgram", local, server.(*net.UnixAddr))
	} else {
		port := server.(*net.UDPAddr).AddrPort().Port()
		nc, err = net.Dial("udp", netip.AddrPortFrom(netip.MustParseAddr(n.host), port).String())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	if b, ok := nc.(interface{ SetWriteBuffer(int) error }); ok {
		b.SetWriteBuffer(1 << 20)
	}
	return nc
}

// pattern is n bytes that differ from those of another seed.
func pattern(n, seed int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8 + seed)
	}
	return p
}

// Datagrams of every size come back as they were sent, on every network, with GRO and GSO and without, with Poll and Run.
func TestPacketEcho(t *testing.T) {
	for _, n := range packetNets(t) {
		for _, offload := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, offload %v", n.name, offload), func(t *testing.T) {
				o := Options{NoOffload: !offload, Loops: 1}
				l := newTestLoop(t, o)
				h := &packetHooks{receive: echoPacket}
				pc, err := l.ListenPacket(n.network, n.address, h)
				if err != nil {
					t.Fatal(err)
				}
				if offload && n.host != "" && (!pc.gro || pc.segment == 0) {
					t.Error("the kernel has no UDP_GRO or UDP_SEGMENT")
				}
				nc := dialPackets(t, n, pc.LocalAddr())
				echoSizes(t, nc, n.largest, func(count uint64) {
					poll(t, l, func() bool { return l.Stats().PacketsOut == count })
				})
				if l.Len() != 1 {
					t.Errorf("%d channels", l.Len())
				}
				l.Close()
				if len(h.causes) != 1 || h.causes[0] != ErrShutdown || len(h.faults) > 0 {
					t.Errorf("closed with %v, faults %v", h.causes, h.faults)
				}

				s := start(t, o)
				pcs, err := s.ListenPacket(n.network, n.address, func(*PacketConn) PacketHandler { return PacketHandlerFunc(echoPacket) })
				if err != nil {
					t.Fatal(err)
				}
				echoSizes(t, dialPackets(t, n, pcs[0].LocalAddr()), n.largest, func(uint64) {})
			})
		}
	}
	if left, _ := filepath.Glob(filepath.Join(t.TempDir(), "s")); len(left) > 0 {
		t.Error("the path of a socket is left")
	}
}

func echoSizes(t *testing.T, nc net.Conn, largest int, serve func(count uint64)) {
	t.Helper()
	got := make([]byte, 70000)
	for i, size := range []int{0, 1, 2, 100, 1472, 1473, 9000, 40000, 65507, largest, 0, 3} {
		p := pattern(size, i)
		if _, err := nc.Write(p); err != nil {
			t.Fatal(err)
		}
		serve(uint64(i + 1))
		n, err := nc.Read(got)
		if err != nil || !bytes.Equal(got[:n], p) {
			t.Fatalf("%d bytes came back of %d: %v", n, size, err)
		}
	}
}

// packetCounter counts messages and calls of a loop.
type packetCounter struct {
	sendCalls, sent, largest int
	receiveCalls, received   int
}

func (c *packetCounter) into(l *Loop) {
	calls := *l.calls
	real := *l.calls
	calls.Sendmmsg = func(fd int, msgs []sys.Mmsghdr) (int, syscall.Errno) {
		n, errno := real.Sendmmsg(fd, msgs)
		c.sendCalls++
		c.sent += n
		for _, m := range msgs[:n] {
			c.largest = max(c.largest, int(m.Len))
		}
		return n, errno
	}
	calls.Recvmmsg = func(fd int, msgs []sys.Mmsghdr) (int, syscall.Errno) {
		n, errno := real.Recvmmsg(fd, msgs)
		c.receiveCalls++
		c.received += n
		return n, errno
	}
	l.calls = &calls
}

// exchangePackets has a dialled socket send datagrams of the sizes to an echo, all on one loop, and checks what comes back.
func exchangePackets(t *testing.T, l *Loop, network, address string, sizes []int) {
	t.Helper()
	server, err := l.ListenPacket(network, address, &packetHooks{receive: echoPacket})
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	client := &packetHooks{receive: func(pc *PacketConn, data []byte, from Peer) error {
		if from != pc.Remote() {
			t.Errorf("from %v, not %v", from, pc.Remote())
		}
		if next == len(sizes) || !bytes.Equal(data, pattern(sizes[next], next)) {
			t.Errorf("datagram %d is wrong: %d bytes", next, len(data))
			return errors.New("enough")
		}
		next++
		return nil
	}}
	pc, err := l.DialPacket(network, server.LocalAddr().String(), client)
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range sizes {
		if err := pc.Send(pattern(size, i), Peer{}); err != nil {
			t.Fatal(err)
		}
	}
	poll(t, l, func() bool { return next == len(sizes) || len(client.causes) > 0 })
	if len(client.causes)+len(client.faults) > 0 {
		t.Fatal(client.causes, client.faults)
	}
	pc.Close()
	server.Close()
	rounds(t, l, 2)
}

// Runs of datagrams of one size leave as one message, and come as one.
func TestPacketRuns(t *testing.T) {
	var sizes []int
	for range 100 {
		sizes = append(sizes, 200)
	}
	sizes = append(sizes, 37, 37, 38, 0, 200, 0, 0, 1, 1, 1, 1200, 1200, 1200, 600, 1200)
	for _, n := range packetNets(t) {
		for _, offload := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, offload %v", n.name, offload), func(t *testing.T) {
				l := newTestLoop(t, Options{NoOffload: !offload})
				var c packetCounter
				c.into(l)
				exchangePackets(t, l, n.network, n.address, sizes)
				merged := offload && n.host != ""
				if merged && (c.sent > len(sizes) || c.received > len(sizes) || c.largest < 64*200) {
					t.Errorf("%d messages sent and %d received for %d datagrams, at most %d bytes", c.sent, c.received, 2*len(sizes), c.largest)
				}
				if !merged && (c.sent != 2*len(sizes) || c.sendCalls > 2*len(sizes)/3) {
					t.Errorf("%d messages in %d calls for %d datagrams", c.sent, c.sendCalls, 2*len(sizes))
				}
			})
		}
	}
}

// Many datagrams of a size at which a run ends at the largest message, and at which slabs end.
func TestPacketLargeRuns(t *testing.T) {
	for _, size := range []int{1023, 1400, 8000, 20000, 32753, 32754} {
		l := newTestLoop(t, Options{})
		exchangePackets(t, l, "udp4", "127.0.0.1:0", []int{size, size, size})
		l.Close()
	}
}

// A datagram longer than MaxPacket is told and counted, not delivered.
func TestPacketTruncated(t *testing.T) {
	l := newTestLoop(t, Options{})
	var got []int
	h := &packetHooks{receive: func(_ *PacketConn, data []byte, _ Peer) error { got = append(got, len(data)); return nil }}
	pc, err := l.ListenPacket("unixgram", filepath.Join(t.TempDir(), "s"), h)
	if err != nil {
		t.Fatal(err)
	}
	nc := dialPackets(t, packetNet{network: "unixgram"}, pc.LocalAddr())
	for _, size := range []int{MaxPacket, MaxPacket + 1, 5} {
		if _, err := nc.Write(pattern(size, 0)); err != nil {
			t.Fatal(err)
		}
	}
	poll(t, l, func() bool { return len(got) == 2 && len(h.faults) == 1 })
	if got[0] != MaxPacket || got[1] != 5 || !errors.Is(h.faults[0], ErrTruncated) || l.Stats().Truncated != 1 {
		t.Error(got, h.faults, l.Stats())
	}
	var op *net.OpError
	if !errors.As(h.faults[0], &op) || op.Op != "read" || op.Net != "unixgram" || op.Addr.String() != nc.LocalAddr().String() {
		t.Errorf("%#v", h.faults[0])
	}
}

// Descriptors that a peer sends along are not taken, and not left open.
func TestPacketDescriptorsAreDropped(t *testing.T) {
	l := newTestLoop(t, Options{})
	got := 0
	h := &packetHooks{receive: func(_ *PacketConn, data []byte, from Peer) error {
		if string(data) != "take this" || from.Named() || from.Addr() != nil {
			t.Errorf("%q from %v", data, from)
		}
		got++
		return nil
	}}
	pc, err := l.ListenPacket("unixgram", filepath.Join(t.TempDir(), "s"), h)
	if err != nil {
		t.Fatal(err)
	}
	udp, err := l.ListenPacket("udp4", "127.0.0.1:0", PacketHandlerFunc(echoPacket)) // which has room for control messages
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	count := func() int { fds, _ := os.ReadDir("/proc/self/fd"); return len(fds) }
	nc := dialPackets(t, packetNet{host: "127.0.0.1"}, udp.LocalAddr())
	before := count()
	for i := range 3 {
		nc.Write([]byte("x"))
		poll(t, l, func() bool { return l.Stats().PacketsOut == uint64(i+1) })
		to := &unix.SockaddrUnix{Name: pc.LocalAddr().(*net.UnixAddr).Name}
		if err := unix.Sendmsg(fd, []byte("take this"), unix.UnixRights(0, 1, 2), to, 0); err != nil {
			t.Fatal(err)
		}
		poll(t, l, func() bool { return got == i+1 })
	}
	if after := count(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// What a callback returns, or panics with, closes its socket with this cause, and no datagram of the batch comes after it.
func TestPacketCallbackEnds(t *testing.T) {
	boom := errors.New("boom")
	for name, tc := range map[string]struct {
		do   func(pc *PacketConn) error
		want error
	}{
		"error": {func(*PacketConn) error { return boom }, boom},
		"panic": {func(*PacketConn) error { panic(boom) }, boom},
		"close": {func(pc *PacketConn) error { pc.Close(); return nil }, nil},
	} {
		for _, offload := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, offload %v", name, offload), func(t *testing.T) {
				l := newTestLoop(t, Options{NoOffload: !offload})
				other, err := l.ListenPacket("udp4", "127.0.0.1:0", PacketHandlerFunc(echoPacket))
				if err != nil {
					t.Fatal(err)
				}
				got := 0
				h := &packetHooks{}
				h.receive = func(pc *PacketConn, data []byte, from Peer) error {
					got++
					if err := pc.Send(data, from); err != nil {
						t.Error(err)
					}
					if got == 2 {
						return tc.do(pc)
					}
					return nil
				}
				h.closed = func(pc *PacketConn, _ error) {
					if err := pc.Send(nil, Peer{}); err != ErrClosed {
						t.Errorf("sending in PacketClosed: %v", err)
					}
					pc.Close()
					pc.Pause()
				}
				pc, err := l.ListenPacket("udp4", "127.0.0.1:0", h)
				if err != nil {
					t.Fatal(err)
				}
				back := 0
				client, err := l.DialPacket("udp4", pc.LocalAddr().String(),
					PacketHandlerFunc(func(*PacketConn, []byte, Peer) error { back++; return nil }))
				if err != nil {
					t.Fatal(err)
				}
				for range 10 {
					client.Send([]byte("hello"), Peer{})
				}
				poll(t, l, func() bool { return len(h.causes) > 0 && back == 2 })
				rounds(t, l, 3)
				if got != 2 || len(h.causes) != 1 || !errors.Is(h.causes[0], tc.want) {
					t.Errorf("%d datagrams, closed with %v", got, h.causes)
				}
				if name == "panic" && !errors.Is(h.causes[0], ErrPanic) {
					t.Error("no PanicError")
				}
				nc := dialPackets(t, packetNet{host: "127.0.0.1"}, other.LocalAddr())
				nc.Write([]byte("still there"))
				before := l.Stats().PacketsOut
				poll(t, l, func() bool { return l.Stats().PacketsOut > before })
			})
		}
	}
}

// A panic in any other callback ends its socket too, once.
func TestPacketPanicsElsewhere(t *testing.T) {
	l := newTestLoop(t, Options{})
	boom := errors.New("boom")
	h := &packetHooks{closed: func(*PacketConn, error) { panic(boom) }}
	pc, err := l.ListenPacket("udp4", "127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.Post(func(*PacketConn) { panic(boom) }); err != nil {
		t.Fatal(err)
	}
	late := false
	if err := pc.Post(func(*PacketConn) { late = true }); err != nil {
		t.Fatal(err)
	}
	failing := &packetHooks{failed: func(*PacketConn, error) error { panic(boom) }}
	pc2, err := l.ListenPacket("udp4", "127.0.0.1:0", failing)
	if err != nil {
		t.Fatal(err)
	}
	pc2.Send(nil, Peer{}) // to nobody
	poll(t, l, func() bool { return len(h.causes) == 1 && len(failing.causes) == 1 })
	rounds(t, l, 3)
	if l.Stats().Panics != 3 || !errors.Is(h.causes[0], boom) || !errors.Is(failing.causes[0], boom) || late {
		t.Error(l.Stats().Panics, h.causes, failing.causes, late)
	}
	s := start(t, Options{Loops: 1})
	pcs, err := s.ListenPacket("udp4", "127.0.0.1:0", func(*PacketConn) PacketHandler { panic(boom) })
	if err != nil {
		t.Fatal(err)
	}
	refused, err := s.ListenPacket("udp4", "127.0.0.1:0", func(*PacketConn) PacketHandler { return nil })
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan bool)
	s.Loops()[0].Post(func() { ended <- pcs[0].gone && refused[0].gone })
	if !wait(t, ended) {
		t.Error("a socket without a handler lives")
	}
}

// Nothing is allocated for a datagram in the steady state, and epoll is told nothing.
func TestPacketsAllocateNothing(t *testing.T) {
	for _, n := range packetNets(t) {
		t.Run(n.name, func(t *testing.T) {
			l := newTestLoop(t, Options{})
			pc, err := l.ListenPacket(n.network, n.address, PacketHandlerFunc(echoPacket))
			if err != nil {
				t.Fatal(err)
			}
			nc := dialPackets(t, n, pc.LocalAddr())
			file, err := nc.(interface{ File() (*os.File, error) }).File()
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			fd := int(file.Fd())
			if err := unix.SetNonblock(fd, true); err != nil {
				t.Fatal(err)
			}
			request, reply := []byte("sixty-four bytes"), make([]byte, 100)
			one := func() {
				for range 4 {
					if _, err := unix.Write(fd, request); err != nil {
						t.Fatal(err)
					}
				}
				for got := 0; got < 4; {
					if err := l.Poll(0); err != nil {
						t.Fatal(err)
					}
					for {
						if _, err := unix.Read(fd, reply); err != nil {
							break
						}
						got++
					}
				}
			}
			one()
			calls := *l.calls
			calls.EpollCtl = func(int, int, int, *unix.EpollEvent) syscall.Errno { t.Error("epoll_ctl"); return 0 }
			real := l.calls
			l.calls = &calls
			if n := testing.AllocsPerRun(200, one); n != 0 {
				t.Errorf("%v allocations for 4 datagrams and their answers", n)
			}
			l.calls = real
		})
	}
}

// An idle socket, and an idle loop, own no memory for datagrams.
func TestPacketMemoryIsGivenBack(t *testing.T) {
	l := newTestLoop(t, Options{})
	ring := l.Stats().RingBytes
	var pcs []*PacketConn
	for range 100 {
		pc, err := l.ListenPacket("udp4", "127.0.0.1:0", PacketHandlerFunc(echoPacket))
		if err != nil {
			t.Fatal(err)
		}
		pcs = append(pcs, pc)
	}
	rounds(t, l, 2)
	if s := l.Stats(); s.RingBytes != ring+packetRing || s.BlockBytes != 0 || l.Len() != 100 {
		t.Errorf("%d sockets: %+v", l.Len(), s)
	}
	done := 0
	for i, pc := range pcs {
		nc := dialPackets(t, packetNet{host: "127.0.0.1"}, pc.LocalAddr())
		nc.Write(pattern(100, i))
	}
	poll(t, l, func() bool { return l.Stats().PacketsOut == 100 })
	if s := l.Stats(); s.BlockBytes != 0 || len(l.packets.free) > 2 {
		t.Errorf("%d queues, %+v", len(l.packets.free), s)
	}
	for _, pc := range pcs {
		pc.Close()
		done++
	}
	rounds(t, l, 2)
	if s := l.Stats(); s.RingBytes != ring || l.Len() != 0 || l.packets.batch != nil {
		t.Errorf("after all were closed: %+v", s)
	}
}

// Peers are values: the same sender is the same Peer on every socket, and names itself.
func TestPeer(t *testing.T) {
	for _, text := range []string{"127.0.0.1:1", "[::1]:65535", "10.2.3.4:0", "[fe80::1%lo]:53", "[2001:db8::1:2]:9"} {
		a := netip.MustParseAddrPort(text)
		p, err := PeerFrom(a)
		if err != nil {
			t.Fatal(err)
		}
		if p.AddrPort() != a || p.String() != text || p.Path() != "" || !p.Named() {
			t.Errorf("%v became %v", a, p)
		}
		for _, family := range []uint16{unix.AF_INET, unix.AF_INET6} {
			if family == unix.AF_INET && !a.Addr().Is4() {
				continue
			}
			var name unix.RawSockaddrAny
			if back := peerOfName(&name, p.write(&name, family)); back != p {
				t.Errorf("%v became %v by family %d", p, back, family)
			}
		}
	}
	mapped, err := PeerFrom(netip.MustParseAddrPort("[::ffff:1.2.3.4]:5"))
	plain, _ := PeerFrom(netip.MustParseAddrPort("1.2.3.4:5"))
	if err != nil || mapped != plain {
		t.Error(mapped, plain, err)
	}
	for _, path := range []string{"/a/path", "@abstract", "@", "@a\x00b\x00", "x", strings.Repeat("y", 107), strings.Repeat("z", 108),
		"@" + strings.Repeat("z", 107)} {
		p := unixPeer(path)
		var name unix.RawSockaddrAny
		back := peerOfName(&name, p.write(&name, unix.AF_UNIX))
		name = unix.RawSockaddrAny{} // of which nothing was kept
		if back != p || back.Path() != path || back.String() != path {
			t.Errorf("%q became %v", path, back)
		}
		if public, err := UnixPeer(path); len(path) < 108 && (err != nil || public != p) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, err := UnixPeer(string(make([]byte, 108))); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
	if _, err := PeerFrom(netip.AddrPort{}); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
	if _, err := PeerFrom(netip.MustParseAddrPort("[fe80::1%nosuchinterface]:1")); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
	var none Peer
	if none.Named() || none.Addr() != nil || none.String() != "-" || none.AddrPort().IsValid() || none.Path() != "" {
		t.Error(none)
	}
}

// Bad arguments get an error, and nothing is left of them.
func TestPacketOptions(t *testing.T) {
	l := newTestLoop(t, Options{})
	h := PacketHandlerFunc(echoPacket)
	for _, tc := range [][2]string{{"tcp", "127.0.0.1:0"}, {"udp", "127.0.0.1"}, {"udp4", "127.0.0.1:nosuchport"}, {"unixgram", ""}} {
		if _, err := l.ListenPacket(tc[0], tc[1], h); !errors.Is(err, ErrOption) {
			t.Errorf("listen %v: %v", tc, err)
		}
		if _, err := l.DialPacket(tc[0], tc[1], h); !errors.Is(err, ErrOption) {
			t.Errorf("dial %v: %v", tc, err)
		}
	}
	if _, err := l.ListenPacket("udp4", "127.0.0.1:0", nil); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
	if _, err := l.DialPacket("unixgram", filepath.Join(t.TempDir(), "none"), h); !errors.Is(err, unix.ENOENT) {
		t.Error(err)
	}
	pc, err := l.ListenPacket("udp4", "127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.ListenPacket("udp4", pc.LocalAddr().String(), h); !errors.Is(err, unix.EADDRINUSE) {
		t.Error(err)
	}
	v6, _ := PeerFrom(netip.MustParseAddrPort("[::1]:1"))
	path, _ := UnixPeer("x")
	for _, to := range []Peer{v6, path} {
		if err := pc.Send(nil, to); !errors.Is(err, ErrOption) {
			t.Errorf("sending to %v: %v", to, err)
		}
	}
	if err := pc.Send(make([]byte, 65508), Peer{}); !errors.Is(err, ErrOption) || pc.Queued() != 0 {
		t.Error(err, pc.Queued())
	}
	if err := pc.SendTo(nil, netip.AddrPort{}); !errors.Is(err, ErrOption) {
		t.Error(err)
	}
	l.Close()
	if _, err := l.ListenPacket("udp4", "127.0.0.1:0", h); err != ErrClosed {
		t.Error(err)
	}
	if err := pc.SetReadBuffer(1); err != ErrClosed {
		t.Error(err)
	}
}

// The path of a socket that nobody has open any more is replaced, one that is in use is not.
func TestPacketPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	old, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l := newTestLoop(t, Options{})
	h := PacketHandlerFunc(echoPacket)
	if _, err := l.ListenPacket("unixgram", path, h); !errors.Is(err, unix.EADDRINUSE) {
		t.Error(err)
	}
	old.Close()
	pc, err := l.ListenPacket("unixgram", path, h)
	if err != nil {
		t.Fatal(err)
	}
	pc.Close()
	rounds(t, l, 2)
	calls := *l.calls
	calls.Getsockname = func(int) (unix.Sockaddr, error) { return nil, unix.ENOBUFS }
	l.calls = &calls
	if _, err := l.ListenPacket("unixgram", path, h); !errors.Is(err, unix.ENOBUFS) {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Error("the path is left", err)
	}
}

// A socket that is closed before its loop has come to it sends what it was given, and is told of its end once.
func TestPacketCloseAtOnce(t *testing.T) {
	l := newTestLoop(t, Options{})
	nc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for _, send := range []bool{true, false} {
		h := &packetHooks{}
		pc, err := l.ListenPacket("udp4", "127.0.0.1:0", h)
		if err != nil {
			t.Fatal(err)
		}
		if send {
			if err := pc.SendTo([]byte("bye"), nc.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
				t.Fatal(err)
			}
		}
		pc.Close()
		pc.Close()
		rounds(t, l, 3)
		if len(h.causes) != 1 || h.causes[0] != nil || l.Len() != 0 || l.packets.users != 0 {
			t.Error(h.causes, l.Len(), l.packets.users)
		}
	}
	nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	p := make([]byte, 10)
	if n, err := nc.Read(p); err != nil || string(p[:n]) != "bye" {
		t.Errorf("%q, %v", p[:n], err)
	}
}

// Other goroutines send by Post.
func TestPacketPost(t *testing.T) {
	s := start(t, Options{Loops: 1})
	pcs, err := s.ListenPacket("udp4", "127.0.0.1:0", func(*PacketConn) PacketHandler { return PacketHandlerFunc(echoPacket) })
	if err != nil {
		t.Fatal(err)
	}
	nc := dialPackets(t, packetNet{host: "127.0.0.1"}, pcs[0].LocalAddr())
	to := nc.LocalAddr().(*net.UDPAddr).AddrPort()
	for i := range 20 {
		if err := pcs[0].Post(func(pc *PacketConn) {
			if err := pc.SendTo(pattern(i, i), to); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, 100)
	for i := range 20 {
		if n, err := nc.Read(got); err != nil || !bytes.Equal(got[:n], pattern(i, i)) {
			t.Fatalf("datagram %d: %d bytes, %v", i, n, err)
		}
	}
}

// One socket a loop on one port: each sender meets one loop, and together they meet several.
func TestPacketSet(t *testing.T) {
	s := start(t, Options{Loops: 4})
	pcs, err := s.ListenPacket("udp4", "127.0.0.1:0", func(pc *PacketConn) PacketHandler {
		reply := []byte{byte(pc.Loop().index)}
		return PacketHandlerFunc(func(pc *PacketConn, data []byte, from Peer) error { return pc.Send(reply, from) })
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pcs) != 4 {
		t.Fatalf("%d sockets", len(pcs))
	}
	none := func(*PacketConn) PacketHandler { return nil }
	if _, err := s.ListenPacket("udp4", pcs[0].LocalAddr().String(), none); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a port in use: %v", err)
	}
	met := map[byte]bool{}
	for range 64 {
		nc := dialPackets(t, packetNet{host: "127.0.0.1"}, pcs[3].LocalAddr())
		var first byte
		for i := range 3 {
			var p [1]byte
			nc.Write([]byte("x"))
			if _, err := nc.Read(p[:]); err != nil {
				t.Fatal(err)
			}
			if first = p[0]; i > 0 && p[0] != first {
				t.Error("a sender met two loops")
			}
		}
		met[first] = true
	}
	if len(met) < 2 {
		t.Errorf("%d loops served 64 senders", len(met))
	}
	if st := s.Stats(); st.PacketsIn != 192 || st.PacketsOut != 192 {
		t.Errorf("%+v", st)
	}
}
