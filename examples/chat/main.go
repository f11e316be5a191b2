//go:build linux

// Chat is a line chat room whose members are spread over all loops; see package examples/internal/chat for what it understands.
//
//	go run ./examples/chat -addr 127.0.0.1:7000
//	nc 127.0.0.1 7000
package main

import (
	"flag"

	"github.com/millrace-net/millrace/examples/internal/app"
	"github.com/millrace-net/millrace/examples/internal/chat"
)

func main() {
	var f app.Flags
	f.Register(flag.CommandLine, "127.0.0.1:7000")
	queue := flag.Int("queue", chat.DefaultQueue, "put a member out for whom more than `bytes` wait")
	flag.Parse()
	o, err := chat.Options(*queue)
	if err == nil {
		err = app.Serve("chat", f, o, chat.New())
	}
	app.Exit("chat", err)
}
