//go:build linux

// Command httpd is a small web server: /hello from memory, POST /echo, and the files of a directory.
//
//	httpd -dir . -addr 127.0.0.1:8080
//	curl http://127.0.0.1:8080/hello
//	curl --data-binary @go.mod http://127.0.0.1:8080/echo
//
// SIGINT and SIGTERM let it finish the requests it has, and end it with code 0. Files are opened and read on the
// loops, so this is a server for a local disk.
package main

import (
	"flag"
	"os"

	"github.com/millrace-net/millrace/examples/internal/app"
	"github.com/millrace-net/millrace/examples/internal/httpd"
)

func main() {
	var flags app.Flags
	flags.Register(flag.CommandLine, "127.0.0.1:8080")
	dir := flag.String("dir", "", "serve the files below this `directory`; empty: none")
	maxBody := flag.Int64("max-body", httpd.DefaultMaxBody, "longest body of a request in `bytes`")
	flag.Parse()
	app.Exit("httpd", serve(flags, *dir, *maxBody))
}

func serve(flags app.Flags, dir string, maxBody int64) error {
	cfg := httpd.Config{MaxBody: maxBody}
	if dir != "" {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer root.Close()
		cfg.Root = root
	}
	return app.Serve("httpd", flags, httpd.Options(), httpd.New(cfg))
}
