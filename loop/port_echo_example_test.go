//go:build linux

package loop_test

import (
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/millrace-net/millrace/loop"
)

// echoHandler sends back what it receives.
type echoHandler struct{ loop.BufferedDispatcher }

func (h *echoHandler) HandleRead(ch *loop.Channel) error {
	buf := make([]byte, 8192)
	n, err := ch.Recv(buf)
	if err != nil {
		return err
	}
	return h.Send(ch, buf[:n])
}

func (h *echoHandler) HandleClose(_ *loop.Channel, cause error) {
	slog.Info("a client has left", "cause", cause) // io.EOF if in order
}

// echoServer accepts.
type echoServer struct{ loop.BaseDispatcher }

func newEchoServer(l *loop.Loop, address string) (*loop.Channel, error) {
	ch, err := l.Socket("tcp4", &echoServer{})
	if err != nil {
		return nil, err
	}
	if err = ch.SetReuseAddr(); err == nil {
		err = ch.Bind(address)
	}
	if err == nil {
		err = ch.Listen(5)
	}
	if err != nil {
		ch.Close()
	}
	return ch, err
}

func (*echoServer) HandleAccepted(ch *loop.Channel, fd int, peer net.Addr) error {
	if _, err := ch.Loop().AddOwned(fd, &echoHandler{}); err != nil {
		slog.Warn("a client is lost", "peer", peer, "err", err) // returned, it would close the server
	}
	return nil
}

// The echo server of the documents of asyncore.
func Example_portOfEchoServer() {
	l, err := loop.NewLoop(loop.Options{})
	must(err)
	defer l.Close()
	server, err := newEchoServer(l, "127.0.0.1:0")
	must(err)
	address := server.LocalAddr().String()
	go func() {
		nc, err := net.Dial("tcp", address)
		must(err)
		defer nc.Close()
		fmt.Fprintln(nc, "hello")
		var word string
		_, err = fmt.Fscanln(nc, &word)
		must(err)
		fmt.Println(word)
		must(l.Post(server.Close)) // no method of a channel is for another goroutine
	}()
	must(l.Rounds(30*time.Second, -1)) // until no channel is left
	// Output: hello
}
