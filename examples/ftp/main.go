//go:build linux

// Ftp is a server of the files of a directory by FTP, for reading, and with -write for storing; see package
// examples/internal/ftp for what it understands.
//
//	go run ./examples/ftp -addr 127.0.0.1:2121 -dir . -write
//	curl ftp://127.0.0.1:2121/
//	curl -C 100 ftp://127.0.0.1:2121/go.sum
//	curl -T go.mod ftp://127.0.0.1:2121/copy
package main

import (
	"flag"
	"os"

	"github.com/millrace-net/millrace/examples/internal/app"
	"github.com/millrace-net/millrace/examples/internal/ftp"
)

func main() {
	var f app.Flags
	f.Register(flag.CommandLine, "127.0.0.1:2121")
	dir := flag.String("dir", ".", "serve the files below this `directory`")
	write := flag.Bool("write", false, "let clients store files")
	maxFile := flag.Int64("max-file", 1<<30, "the most `bytes` of a file that is stored; 0: no limit")
	flag.Parse()
	app.Exit("ftp", serve(f, *dir, ftp.Config{Write: *write, MaxFile: *maxFile}))
}

func serve(f app.Flags, dir string, cfg ftp.Config) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	cfg.Root = root
	return app.Serve("ftp", f, ftp.Options(), ftp.New(cfg))
}
