//go:build linux

package loop_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/millrace-net/millrace/loop"
)

// sink takes syslog messages, one a datagram (RFC 5426), counts them by severity (RFC 5424, section 6.2.1), and
// is done after a number of them.
type sink struct {
	severities [8]int
	malformed  int
	left       int
	done       func()
}

func (s *sink) ReceivePacket(_ *loop.PacketConn, message []byte, _ loop.Peer) error {
	if priority, ok := priority(message); ok {
		s.severities[priority%8]++
	} else {
		s.malformed++ // a datagram may come from anybody: it is no reason to end
	}
	if s.left--; s.left == 0 {
		s.done()
	}
	return nil
}

func (s *sink) PacketClosed(_ *loop.PacketConn, cause error) { fmt.Println("closed:", cause) }

// priority is the number between the angle brackets that a message begins with, 0 to 191.
func priority(message []byte) (int, bool) {
	head, _, found := bytes.Cut(message, []byte(">"))
	if !found || len(head) < 2 || len(head) > 4 || head[0] != '<' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(head[1:]), 10, 8)
	return int(n), err == nil && n <= 191
}

// A sink of syslog messages over UDP.
func ExampleLoop_ListenPacket() {
	l, err := loop.NewLoop(loop.Options{})
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	s := &sink{left: 4, done: cancel}
	pc, err := l.ListenPacket("udp", "127.0.0.1:0", s)
	must(err)

	logger, err := net.Dial("udp", pc.LocalAddr().String())
	must(err)
	for _, message := range []string{
		"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed for lonvick on /dev/pts/8",
		"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
		"<13>a line without a header",
		"no priority",
	} {
		_, err := logger.Write([]byte(message))
		must(err)
	}
	must(l.Run(ctx)) // until done
	must(logger.Close())
	fmt.Println("critical:", s.severities[2], "notice:", s.severities[5], "malformed:", s.malformed)
	// Output:
	// closed: loop: shut down
	// critical: 1 notice: 2 malformed: 1
}

// An echo of datagrams on every core: each loop has a socket of its own on the port.
func ExampleSet_ListenPacket() {
	s, err := loop.NewSet(loop.Options{Loops: 2})
	must(err)
	echo := loop.PacketHandlerFunc(func(pc *loop.PacketConn, data []byte, from loop.Peer) error {
		_ = pc.Send(data, from) // to drop one is better than to end, if the network is slow
		return nil
	})
	pcs, err := s.ListenPacket("udp", "127.0.0.1:0", func(*loop.PacketConn) loop.PacketHandler { return echo })
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()

	client, err := net.Dial("udp", pcs[0].LocalAddr().String())
	must(err)
	_, err = client.Write([]byte("hello"))
	must(err)
	reply := make([]byte, 100)
	n, err := client.Read(reply)
	must(err)
	fmt.Printf("%s\n", reply[:n])
	must(client.Close())
	cancel()
	must(<-ended)
	// Output: hello
}
