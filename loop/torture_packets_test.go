//go:build linux

package loop

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// letterbox is a handler of datagrams that keeps what comes.
type letterbox struct {
	got    []string
	closes int
}

func (b *letterbox) ReceivePacket(_ *PacketConn, data []byte, _ Peer) error {
	b.got = append(b.got, string(data))
	return nil
}

func (b *letterbox) PacketClosed(*PacketConn, error) { b.closes++ }

// echoPackets sends a datagram back.
func echoPackets(pc *PacketConn, data []byte, from Peer) error {
	_ = pc.Send(data, from) // one that is not sent is lost, as on the way
	return nil
}

// Datagrams go there and back in batches.
func playPackets(r *run) {
	there, err := r.l.ListenPacket("udp4", "127.0.0.1:0", PacketHandlerFunc(echoPackets))
	if r.refuse(err) {
		return
	}
	box := &letterbox{}
	here, err := r.l.DialPacket("udp4", there.LocalAddr().String(), box)
	if r.refuse(err) {
		there.Close()
		return
	}
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprint("letter ", i))
		r.refuse(here.Send([]byte(want[i]), Peer{}))
	}
	gaveUp := false
	late := r.l.After(3*time.Second, func() { gaveUp = true; here.Close() })
	r.pump(func() bool { return box.closes > 0 || len(box.got) == len(want) })
	late.Stop()
	here.Close()
	there.Close()
	r.pump(func() bool { return r.l.Len() == 0 && box.closes > 0 })
	r.owed = append(r.owed, func() error {
		if f := r.in.fault; gaveUp && f.lasting && f.outcome.Action == sys.Wait {
			return nil // a socket that is writable and takes nothing is tried less and less often
		}
		if !slices.Equal(box.got, want) {
			return fmt.Errorf("%q came back", box.got)
		}
		return nil
	})
	r.always = append(r.always, func() error {
		if box.closes != 1 {
			return fmt.Errorf("a datagram socket was closed %d times", box.closes)
		}
		return nil
	})
}

// The peer of a dispatcher sends, and goes. The dispatcher writes meanwhile, and gets all that was sent before its end.
func playHangUp(r *run) {
	fds, err := unixPair(0)
	if err != nil {
		r.problem("%v", err)
		return
	}
	text := string(counted(5000))
	if n, err := unix.Write(fds[1], []byte(text)); n != len(text) {
		r.problem("%d bytes were written: %v", n, err)
	}
	unix.Close(fds[1])
	t := r.talker("to nobody")
	_, err = r.l.AddOwned(fds[0], t)
	r.streams = append(r.streams, stream{name: "last words", want: []byte(text), got: &t.got})
	r.refuse(err)
	r.pump(func() bool { return r.l.Len() == 0 })
}
