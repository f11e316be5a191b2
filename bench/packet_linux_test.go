package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/millrace-net/millrace/loop"
)

// packetSize is the size of a datagram in bytes.
const packetSize = 64

// BenchmarkPacketEcho is the echo of UDP datagrams on 127.0.0.1, a number of them in flight, by a loop with GRO and GSO,
// without, and by a goroutine on a net.UDPConn. The client, on another goroutine, is the same for all. An operation is one
// datagram and its answer.
func BenchmarkPacketEcho(b *testing.B) {
	for _, depth := range []int{1, 16, 128} {
		for _, server := range []struct {
			name  string
			serve func(b *testing.B) netip.AddrPort
		}{
			{"loop", func(b *testing.B) netip.AddrPort { return serveLoop(b, loop.Options{Loops: 1}) }},
			{"loop-without-offload", func(b *testing.B) netip.AddrPort {
				return serveLoop(b, loop.Options{Loops: 1, NoOffload: true})
			}},
			{"net", serveNet},
		} {
			b.Run(fmt.Sprintf("%s-depth-%d", server.name, depth), func(b *testing.B) {
				echoPackets(b, server.serve(b), depth)
			})
		}
	}
}

// serveLoop runs an echo on a loop until the benchmark ends.
func serveLoop(b *testing.B, o loop.Options) netip.AddrPort {
	s, err := loop.NewSet(o)
	if err != nil {
		b.Fatal(err)
	}
	echo := loop.PacketHandlerFunc(func(pc *loop.PacketConn, data []byte, from loop.Peer) error { return pc.Send(data, from) })
	pcs, err := s.ListenPacket("udp4", "127.0.0.1:0", func(*loop.PacketConn) loop.PacketHandler { return echo })
	if err != nil {
		b.Fatal(err, s.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return pcs[0].LocalAddr().(*net.UDPAddr).AddrPort()
}

// serveNet runs an echo on a net.UDPConn until the benchmark ends.
func serveNet(b *testing.B) netip.AddrPort {
	pc, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		p := make([]byte, 1<<16)
		for {
			n, from, err := pc.ReadFromUDPAddrPort(p)
			if err == nil {
				_, err = pc.WriteToUDPAddrPort(p[:n], from)
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	b.Cleanup(func() {
		pc.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			b.Error(err)
		}
	})
	return pc.LocalAddr().(*net.UDPAddr).AddrPort()
}

// echoPackets sends b.N datagrams, in bursts of depth, and checks that each comes back once, in order, as it was sent.
func echoPackets(b *testing.B, server netip.AddrPort, depth int) {
	nc, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(10 * time.Minute)); err != nil {
		b.Fatal(err)
	}
	var request [packetSize]byte
	var reply [packetSize + 1]byte
	b.ReportAllocs()
	b.SetBytes(packetSize)
	b.ResetTimer()
	for done := 0; done < b.N; {
		burst := min(depth, b.N-done)
		for i := range burst {
			binary.BigEndian.PutUint64(request[:], uint64(done+i))
			if _, err := nc.Write(request[:]); err != nil {
				b.Fatal(err)
			}
		}
		for range burst {
			n, err := nc.Read(reply[:])
			if err != nil {
				b.Fatal(err)
			}
			if n != packetSize || binary.BigEndian.Uint64(reply[:]) != uint64(done) {
				b.Fatalf("%d bytes, numbered %d, not %d", n, binary.BigEndian.Uint64(reply[:]), done)
			}
			done++
		}
	}
}
