//go:build linux

// Resp is a key-value server for redis-cli, redis-benchmark and every other client of RESP2. Its commands are listed in
// package examples/internal/resp.
//
//	go run ./examples/resp -addr 127.0.0.1:6379
//	redis-cli -p 6379 SET greeting hello EX 60
//	redis-benchmark -p 6379 -t ping,set,get,incr,mset -P 16 -q
package main

import (
	"flag"

	"github.com/millrace-net/millrace/examples/internal/app"
	"github.com/millrace-net/millrace/examples/internal/resp"
)

func main() {
	var f app.Flags
	f.Register(flag.CommandLine, "127.0.0.1:6379")
	var limits resp.Config
	flag.IntVar(&limits.MaxBulkBytes, "max-bulk", 0, "longest argument in `bytes`; 0 means 64 MiB")
	flag.Parse()
	factory, err := resp.New(limits)
	if err == nil {
		err = app.Serve("resp", f, resp.Options(), factory)
	}
	app.Exit("resp", err)
}
