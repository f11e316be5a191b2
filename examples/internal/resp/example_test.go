//go:build linux

package resp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/millrace-net/millrace/examples/internal/resp"
	"github.com/millrace-net/millrace/loop"
)

// A server, and a client that talks to it by inline commands.
func Example() {
	factory, err := resp.New(resp.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := loop.NewSet(resp.Options())
	if err != nil {
		fmt.Println(err)
		return
	}
	ln, err := set.Listen("tcp", "127.0.0.1:0", factory)
	if err != nil {
		fmt.Println(err, set.Close())
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- set.Run(ctx) }()

	if c, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		fmt.Fprint(c, "SET greeting 'hello, world' EX 60\r\nTTL greeting\r\nGET greeting\r\nQUIT\r\n")
		replies, err := io.ReadAll(c)
		fmt.Print(strings.ReplaceAll(string(replies), "\r\n", "\n"))
		fmt.Println(err, c.Close())
	}

	stop()
	fmt.Println(<-ended)
	// Output:
	// +OK
	// :60
	// $12
	// hello, world
	// +OK
	// <nil> <nil>
	// <nil>
}

// Limits below the defaults.
func ExampleNew() {
	_, err := resp.New(resp.Config{MaxArgs: 1000, MaxBulkBytes: 1 << 20})
	fmt.Println(err)
	_, err = resp.New(resp.Config{MaxArgs: -1})
	fmt.Println(err)
	// Output:
	// <nil>
	// resp: bad config: MaxArgs is -1, must be 1 to 2147483647
}

// Options of one's own start from those that fit.
func ExampleOptions() {
	o := resp.Options()
	o.Loops = 1
	fmt.Println(o.MaxElement, o.Oversize == loop.DiscardOversize)
	// Output: 65536 true
}
