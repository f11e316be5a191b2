//go:build linux

// Demo runs a web server, a key-value store and a chat room in one process, on one set of loops. It says how to try each of
// them, and while there is traffic it counts it, once a second.
//
//	go run ./examples/demo
//
// SIGINT (Ctrl-C) and SIGTERM let it finish what it has begun and end it with code 0; a second one ends it at once.
package main

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"syscall"

	"github.com/millrace-net/millrace/examples/internal/app"
)

func main() {
	var a addresses
	flag.StringVar(&a.http, "http", "127.0.0.1:8080", "web server on `host:port` or unix:path")
	flag.StringVar(&a.resp, "resp", "127.0.0.1:6380", "key-value store on `host:port` or unix:path")
	flag.StringVar(&a.chat, "chat", "127.0.0.1:7000", "chat room on `host:port` or unix:path")
	loops := flag.Int("loops", 0, "number of loops; 0 means GOMAXPROCS")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	app.Exit("demo", run(ctx, os.Stdout, a, *loops))
}
