//go:build linux

package loop_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/producer"
)

// must is how an example fails: a panic fails its test.
func must(err error) {
	if err != nil {
		log.Panic(err)
	}
}

// converse serves one client on one loop. The client sends request, ends its side, and converse returns the reply.
func converse(factory loop.Factory, request string) string {
	l, err := loop.NewLoop(loop.Options{})
	must(err)
	ln, err := l.Listen("tcp", "127.0.0.1:0", factory)
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()

	nc, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	_, err = io.WriteString(nc, request)
	must(err)
	must(nc.(*net.TCPConn).CloseWrite())
	reply, err := io.ReadAll(nc)
	must(err)
	must(nc.Close())
	cancel()
	must(<-ended)
	return string(reply)
}

// echo answers each line with the same line.
type echo struct{}

func (echo) Receive(c *loop.Conn, line []byte, found bool) error {
	c.Push(line)
	return c.Push(match.CRLF.Bytes())
}

// client says two lines, prints what comes back, and leaves.
type client struct {
	answers int
	quit    func()
}

func (*client) Opened(c *loop.Conn) error { return c.PushString("hello\r\nworld\r\n") }

func (p *client) Receive(c *loop.Conn, line []byte, found bool) error {
	fmt.Printf("%q\n", line)
	if p.answers++; p.answers == 2 {
		c.CloseWhenDone()
	}
	return nil
}

func (p *client) Closed(c *loop.Conn, cause error) {
	fmt.Println("closed:", cause)
	p.quit()
}

// A line server and a client of it, on the loops of one set.
func Example() {
	set, err := loop.NewSet(loop.Options{Loops: 2})
	must(err)
	ln, err := set.Listen("tcp", "127.0.0.1:0", func(c *loop.Conn) loop.Handler {
		c.SetTerminator(match.CRLF)
		return echo{}
	})
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	must(set.Dial("tcp", ln.Addr().String(), func(c *loop.Conn) loop.Handler {
		c.SetTerminator(match.CRLF)
		return &client{quit: cancel}
	}))
	fmt.Println("ran:", set.Run(ctx))
	// Output:
	// "hello"
	// "world"
	// closed: <nil>
	// ran: <nil>
}

// post reads requests: a header that ends at an empty line, then a body as long as the header says.
type post struct{ body bool }

func (p *post) Receive(c *loop.Conn, data []byte, found bool) error {
	if !found {
		return io.ErrUnexpectedEOF // the stream ended within a request
	}
	if p.body {
		p.body = false
		c.SetTerminator(match.CRLFCRLF)
		return c.PushString(fmt.Sprintf("a body: %q\n", data))
	}
	_, length, _ := bytes.Cut(data, []byte("Content-Length: "))
	n, err := strconv.ParseInt(string(length), 10, 64)
	if err != nil || n == 0 { // a Count of 0 is None: no body, so the next header follows
		return errors.Join(err, c.PushString("no body\n"))
	}
	count, err := match.Count(n)
	if err != nil {
		return err
	}
	p.body = true
	c.SetTerminator(count) // from the next byte on, received already or not
	return nil
}

// The terminator is state: a header ends at an empty line, the body after it at a count of bytes.
func ExampleConn_SetTerminator() {
	fmt.Print(converse(func(c *loop.Conn) loop.Handler {
		c.SetTerminator(match.CRLFCRLF)
		return &post{}
	}, "POST /\r\nContent-Length: 5\r\n\r\nhello"+
		"POST /\r\nContent-Length: 0\r\n\r\n"+
		"POST /\r\nContent-Length: 7\r\n\r\n\r\n\r\nbye"))
	// Output:
	// a body: "hello"
	// no body
	// a body: "\r\n\r\nbye"
}

// A reply of any length from an io.Reader that may block: the loop asks for more as the peer takes it, and never waits.
func ExampleConn_PushProducer() {
	fmt.Print(converse(func(c *loop.Conn) loop.Handler {
		c.SetTerminator(match.LF)
		return loop.HandlerFunc(func(c *loop.Conn, line []byte, found bool) error {
			r, w := io.Pipe()
			go func() { // a slow source
				for i := range 3 {
					fmt.Fprintf(w, "part %d\n", i)
				}
				w.Close()
			}()
			if err := c.PushProducer(producer.Reader(r, 4096)); err != nil {
				return err
			}
			return c.PushString("the end\n")
		})
	}, "get\n"))
	// Output:
	// part 0
	// part 1
	// part 2
	// the end
}

// Work that may block runs on another goroutine; only this connection waits for it.
func ExampleConn_Suspend() {
	fmt.Print(converse(func(c *loop.Conn) loop.Handler {
		c.SetTerminator(match.LF)
		return loop.HandlerFunc(func(c *loop.Conn, line []byte, found bool) error {
			name := string(line) // a copy, for line is valid only until this function returns
			resume := c.Suspend()
			go func() {
				answer := strings.ToUpper(name) + "\n" // here it may take its time
				if err := resume(func(c *loop.Conn) { c.PushString(answer) }); err != nil {
					log.Print(err) // loop.ErrClosed: the client is gone
				}
			}()
			return nil
		})
	}, "one\ntwo\n"))
	// Output:
	// ONE
	// TWO
}

// A timer that fires three times, on the loop's own goroutine.
func ExampleLoop_After() {
	l, err := loop.NewLoop(loop.Options{})
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ticks := 0
	var tick *loop.Timer
	tick = l.After(time.Millisecond, func() {
		ticks++
		fmt.Println("tick", ticks)
		if ticks < 3 {
			tick.Reset(time.Millisecond)
		} else {
			cancel()
		}
	})
	must(l.Run(ctx))
	// Output:
	// tick 1
	// tick 2
	// tick 3
}

// polite greets, and says goodbye when the set shuts down.
type polite struct{}

func (polite) Opened(c *loop.Conn) error                    { return c.PushString("220 hello\r\n") }
func (polite) Receive(c *loop.Conn, _ []byte, _ bool) error { return nil }

func (polite) Quit(c *loop.Conn) error {
	err := c.PushString("421 goodbye\r\n")
	c.CloseWhenDone()
	return err
}

// A set runs until it is shut down. What is queued reaches the peers first.
func ExampleSet_Shutdown() {
	set, err := loop.NewSet(loop.Options{})
	must(err)
	ln, err := set.Listen("tcp", "127.0.0.1:0", func(*loop.Conn) loop.Handler { return polite{} })
	must(err)
	ran := make(chan error, 1)
	go func() { ran <- set.Run(context.Background()) }()

	nc, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	in := bufio.NewScanner(nc)
	in.Scan()
	fmt.Println(in.Text())
	go func() {
		for in.Scan() {
			fmt.Println(in.Text())
		}
		nc.Close()
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println("shut down:", set.Shutdown(ctx))
	fmt.Println("ran:", <-ran)
	// Output:
	// 220 hello
	// 421 goodbye
	// shut down: <nil>
	// ran: <nil>
}

// input is a dispatcher that prints what it reads. The rest of it is asyncore's.
type input struct{ loop.BaseDispatcher }

func (input) Writable() bool { return false }

func (input) HandleRead(ch *loop.Channel) error {
	buf := make([]byte, 512)
	n, err := ch.Recv(buf)
	if n > 0 {
		fmt.Printf("%q\n", buf[:n])
	}
	return err
}

func (input) HandleClose(_ *loop.Channel, cause error) { fmt.Println("closed:", cause) }

// The loop of asyncore, with a pipe as a channel: it polls until no channel is left.
func ExampleLoop_AddFile() {
	l, err := loop.NewLoop(loop.Options{})
	must(err)
	defer l.Close()
	r, w, err := os.Pipe()
	must(err)
	_, err = l.AddFile(r, input{}) // the loop has a duplicate of the descriptor
	must(errors.Join(err, r.Close()))
	_, err = w.WriteString("through a pipe")
	must(errors.Join(err, w.Close()))
	must(l.Rounds(-1, -1))
	// Output:
	// "through a pipe"
	// closed: EOF
}

// listener is a dispatcher whose connections are dispatchers too.
type listener struct{ loop.BaseDispatcher }

func (listener) HandleAccepted(ch *loop.Channel, fd int, _ net.Addr) error {
	_, err := ch.Loop().AddOwned(fd, input{})
	ch.Close() // one is enough
	return err
}

// caller is a dispatcher that connects, and sends with what asyncore calls dispatcher_with_send.
type caller struct{ loop.BufferedDispatcher }

func (c *caller) HandleConnect(ch *loop.Channel) error { return c.Send(ch, []byte("hello")) }

func (c *caller) HandleWrite(ch *loop.Channel) error {
	err := c.BufferedDispatcher.HandleWrite(ch)
	if c.Buffered() == 0 {
		ch.Close()
	}
	return err
}

func (c *caller) Writable() bool { return true }

// A server and a client as asyncore has them, in one loop.
func ExampleLoop_Socket() {
	l, err := loop.NewLoop(loop.Options{})
	must(err)
	defer l.Close()
	server, err := l.Socket("tcp4", listener{})
	must(err)
	must(errors.Join(server.SetReuseAddr(), server.Bind("127.0.0.1:0"), server.Listen(5)))
	client, err := l.Socket("tcp4", &caller{})
	must(err)
	must(client.Connect(server.LocalAddr().String()))
	must(l.Rounds(-1, -1))
	// Output:
	// "hello"
	// closed: EOF
}
