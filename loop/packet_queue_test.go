//go:build linux

package loop

import (
	"bytes"
	"fmt"
	"math/rand"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/ringbuf"
)

// A queue under random pushes and pops holds what a slice of copies does, and its runs are what they must be.
func TestPacketQueue(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	blocks := ringbuf.NewBlocks(0)
	var peers []Peer
	for i := range 3 {
		p, _ := PeerFrom(netip.AddrPortFrom(netip.IPv6Loopback(), uint16(i))) // one without a port
		peers = append(peers, p)
	}
	sizes := []int{0, 1, 100, 100, 100, 99, 1400, 30000, MaxPacket}
	q := new(packetQueue)
	var model []packetEntry
	for round := range 20000 {
		if size, to := sizes[random.Intn(len(sizes))], peers[random.Intn(len(peers))]; random.Intn(3000) > len(model) {
			for range 1 + random.Intn(4) {
				p := pattern(size, round)
				q.push(p, to, blocks)
				model = append(model, packetEntry{to: to, data: p})
			}
		}
		if err := q.check(); err != nil {
			t.Fatal(err)
		}
		limit := random.Intn(2000)
		count, n := q.run(q.head, limit)
		got := q.bytesFrom(q.head, n)
		if err := checkRun(model[:count], got, limit); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if random.Intn(3) == 0 {
			count = random.Intn(q.len()+1) / (1 + random.Intn(20))
		}
		want := 0
		for _, e := range model[:count] {
			want += len(e.data)
		}
		if got := q.pop(count, blocks); got != want {
			t.Fatalf("popped %d bytes of %d", got, want)
		}
		model = model[count:]
		if q.len() != len(model) {
			t.Fatalf("%d datagrams of %d", q.len(), len(model))
		}
		if len(model) == 0 {
			q.push(nil, peers[0], blocks)
			model = append(model, packetEntry{to: peers[0]})
		}
	}
	q.pop(q.len(), blocks)
	if s := blocks.Stats(); s.InUse != 0 {
		t.Errorf("%+v", s)
	}
}

// checkRun tells what is wrong with a message of the given datagrams.
func checkRun(run []packetEntry, message []byte, limit int) error {
	var all []byte
	size := len(run[0].data)
	for i, e := range run {
		all = append(all, e.data...)
		if n := len(e.data); len(run) > 1 && (n == 0 || n > size || n < size && i < len(run)-1 || e.to != run[0].to) {
			return fmt.Errorf("datagram %d of %d has %d bytes, the first %d", i, len(run), n, size)
		}
	}
	if len(run) > 1 && (size > limit || len(run) > maxSegments || len(all) > maxSegmented || run[0].to.port() == 0) {
		return fmt.Errorf("%d datagrams of %d bytes, the limit is %d", len(run), size, limit)
	}
	if !bytes.Equal(all, message) {
		return fmt.Errorf("%d bytes that are not those of %d datagrams", len(message), len(run))
	}
	return nil
}

// A socket that never comes to rest, since it sends to itself, starves no other one, and no timer.
func TestPacketFairness(t *testing.T) {
	l := newTestLoop(t, Options{})
	sent := 0
	busy, err := l.ListenPacket("udp4", "127.0.0.1:0", PacketHandlerFunc(func(pc *PacketConn, data []byte, from Peer) error {
		sent++
		return pc.Send(data, from)
	}))
	if err != nil {
		t.Fatal(err)
	}
	self, _ := PeerFrom(busy.LocalAddr().(*net.UDPAddr).AddrPort())
	for range 200 {
		if err := busy.Send([]byte("again"), self); err != nil {
			t.Fatal(err)
		}
	}
	fired := false
	l.After(time.Millisecond, func() { fired = true })
	exchangePackets(t, l, "udp4", "127.0.0.1:0", []int{1, 2, 3})
	poll(t, l, func() bool { return fired && sent > 2000 })
	if s := l.Stats(); s.PacketsLost != 0 {
		t.Errorf("%+v", s)
	}
}

// A slice that is kept after the callback is noticed under the tag poison, and not copied without.
func TestPacketDataDies(t *testing.T) {
	for _, offload := range []bool{true, false} {
		l := newTestLoop(t, Options{NoOffload: !offload})
		var kept []byte
		pc, err := l.ListenPacket("udp4", "127.0.0.1:0", PacketHandlerFunc(func(_ *PacketConn, data []byte, _ Peer) error {
			if cap(data) != len(data) {
				t.Errorf("%d bytes with room for %d", len(data), cap(data))
			}
			kept = data
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		dialPackets(t, packetNet{host: "127.0.0.1"}, pc.LocalAddr()).Write([]byte("keep me"))
		poll(t, l, func() bool { return kept != nil })
		if dead := string(kept) != "keep me"; dead != ringbuf.Poison {
			t.Errorf("kept %q, poison %v", kept, ringbuf.Poison)
		}
		l.Close()
	}
}

// Every call that makes a socket fails once: the error comes back, and neither a descriptor nor a path is left.
func TestPacketSetupFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for name, setup := range map[string]func(s *Set) error{
		"listen": func(s *Set) error {
			_, err := s.Loops()[0].ListenPacket("udp", ":0", PacketHandlerFunc(echoPacket))
			return err
		},
		"path": func(s *Set) error {
			_, err := s.Loops()[0].ListenPacket("unixgram", path, PacketHandlerFunc(echoPacket))
			return err
		},
		"dial": func(s *Set) error {
			_, err := s.Loops()[0].DialPacket("udp4", "127.0.0.1:9", PacketHandlerFunc(echoPacket))
			return err
		},
		"set": func(s *Set) error {
			_, err := s.ListenPacket("udp4", "127.0.0.1:0", func(*PacketConn) PacketHandler { return PacketHandlerFunc(echoPacket) })
			return err
		},
	} {
		for k := 1; ; k++ {
			f := &faults{at: k, errno: unix.ENOBUFS}
			s, err := NewSet(quiet(Options{Loops: 2}))
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range s.Loops() {
				f.injectSetup(l)
			}
			before, _ := os.ReadDir("/proc/self/fd")
			err = setup(s)
			after, _ := os.ReadDir("/proc/self/fd")
			if err != nil && len(after) != len(before) {
				t.Errorf("%s, call %d (%s): %d descriptors before, %d after", name, k, f.hit, len(before), len(after))
			}
			if _, bad := os.Lstat(path); err != nil && bad == nil {
				t.Errorf("%s, call %d (%s): the path is left", name, k, f.hit)
			}
			s.Close()
			if f.hit == "" {
				if err != nil || k < 3 {
					t.Errorf("%s: %d calls, %v", name, k-1, err)
				}
				break
			}
			// What the kernel may not have is done without.
			if optional := f.hit == "UDP_GRO" || f.hit == "getsockopt" || f.hit == "getpeername"; (err == nil) != optional {
				t.Errorf("%s, call %d (%s): %v", name, k, f.hit, err)
			}
		}
	}
}

// injectSetup puts f before every call of l that makes a socket.
func (f *faults) injectSetup(l *Loop) {
	real, calls := *l.calls, *l.calls
	fail := func(name string) error {
		if f.next(name) {
			return f.errno
		}
		return nil
	}
	calls.Socket = func(domain, typ, proto int) (int, error) {
		if err := fail("socket"); err != nil {
			return -1, err
		}
		return real.Socket(domain, typ, proto)
	}
	calls.Bind = func(fd int, sa unix.Sockaddr) error {
		if err := fail("bind"); err != nil {
			return err
		}
		return real.Bind(fd, sa)
	}
	calls.Connect = func(fd int, sa unix.Sockaddr) error {
		if err := fail("connect"); err != nil {
			return err
		}
		return real.Connect(fd, sa)
	}
	calls.Getsockname = func(fd int) (unix.Sockaddr, error) {
		if err := fail("getsockname"); err != nil {
			return nil, err
		}
		return real.Getsockname(fd)
	}
	calls.Getpeername = func(fd int) (unix.Sockaddr, error) {
		if err := fail("getpeername"); err != nil {
			return nil, err
		}
		return real.Getpeername(fd)
	}
	calls.SetsockoptInt = func(fd, level, opt, value int) error {
		name := "setsockopt"
		if level == unix.SOL_UDP {
			name = "UDP_GRO"
		}
		if err := fail(name); err != nil {
			return err
		}
		return real.SetsockoptInt(fd, level, opt, value)
	}
	calls.GetsockoptInt = func(fd, level, opt int) (int, error) {
		if err := fail("getsockopt"); err != nil {
			return 0, err
		}
		return real.GetsockoptInt(fd, level, opt)
	}
	l.calls = &calls
}
