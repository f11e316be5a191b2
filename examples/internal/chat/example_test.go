//go:build linux

package chat_test

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net"

	"github.com/millrace-net/millrace/examples/internal/chat"
	"github.com/millrace-net/millrace/loop"
)

// A room over two loops, and two members on different ones.
func ExampleNew() {
	o, err := chat.Options(chat.DefaultQueue)
	if err != nil {
		log.Fatal(err)
	}
	o.Loops = 2
	set, err := loop.NewSet(o)
	if err != nil {
		log.Fatal(err)
	}
	ln, err := set.Listen("tcp", "127.0.0.1:0", chat.New())
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- set.Run(ctx) }()

	ann, annHears := enter(ln.Addr(), "ann")
	bob, _ := enter(ln.Addr(), "bob")
	fmt.Fprint(bob, "hello, ann\n/me waves\n")
	for range 3 {
		line, _ := annHears.ReadString('\n')
		fmt.Print(line)
	}
	ann.Close()
	bob.Close()
	cancel()
	fmt.Println(<-done)
	// Output:
	// * bob has joined
	// <bob> hello, ann
	// ** bob waves
	// <nil>
}

// enter connects and comes in as nick.
func enter(addr net.Addr, nick string) (net.Conn, *bufio.Reader) {
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(c, nick)
	lines := bufio.NewReader(c)
	for range 2 { // the welcome and the hello
		if _, err := lines.ReadString('\n'); err != nil {
			log.Fatal(err)
		}
	}
	return c, lines
}

// The limits of a room, and what is refused.
func ExampleOptions() {
	_, err := chat.Options(10)
	fmt.Println(err)
	// Output:
	// chat: bad queue size: 10 bytes, not 65536 to 1073741824
}
