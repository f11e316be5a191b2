package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/panjf2000/gnet/v2"
)

// lineServer echoes lines, with gnet.
type lineServer struct {
	gnet.BuiltinEventEngine
	booted chan gnet.Engine
}

func (s *lineServer) OnBoot(e gnet.Engine) gnet.Action {
	s.booted <- e
	return gnet.None
}

func (s *lineServer) OnTraffic(c gnet.Conn) gnet.Action {
	for {
		data, err := c.Peek(-1) // all that has come
		if err != nil {
			return gnet.Close
		}
		end := bytes.Index(data, []byte("\r\n"))
		switch {
		case end < 0 && len(data) > 64<<10:
			return gnet.Close
		case end < 0:
			return gnet.None // the rest stays in the connection's buffer
		}
		if _, err := c.Write(data[:end+2]); err != nil {
			return gnet.Close
		}
		if _, err := c.Discard(end + 2); err != nil {
			return gnet.Close
		}
	}
}

// The server of lines of docs/from-gnet.md, which stands there beside the same on Millrace.
func Example_gnetLines() {
	s := &lineServer{booted: make(chan gnet.Engine, 1)}
	ran := make(chan error, 1)
	go func() { ran <- gnet.Run(s, "tcp://127.0.0.1:0", gnet.WithMulticore(true), gnet.WithLogger(gnetLog{})) }()
	engine := <-s.booted
	addr, err := gnetAddr(engine)
	if err != nil {
		log.Panic(err)
	}
	nc, err := net.Dial("tcp", addr.String())
	if err != nil {
		log.Panic(err)
	}
	defer nc.Close()
	const request = "one\r\n\r\ntwo\r\n"
	reply := make([]byte, len(request))
	if _, err := io.WriteString(nc, request+"three, unfinished"); err != nil {
		log.Panic(err)
	}
	if _, err := io.ReadFull(nc, reply); err != nil {
		log.Panic(err)
	}
	fmt.Printf("%q\n", reply)
	fmt.Println("stopped:", engine.Stop(context.Background()), <-ran)
	// Output:
	// "one\r\n\r\ntwo\r\n"
	// stopped: <nil> <nil>
}

// The page has the handler of the example.
func TestGnetPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/from-gnet.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("port_example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```go\n")
	code, _, closed := strings.Cut(block, "```\n")
	if !closed || !strings.HasPrefix(code, "func (s *lineServer) OnTraffic(c gnet.Conn)") || !strings.Contains(string(example), code) {
		t.Errorf("not in the example:\n%s", code)
	}
}
