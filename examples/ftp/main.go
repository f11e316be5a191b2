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
	flag.Parse()
	app.Exit("ftp", serve(f, *dir, *write))
}

func serve(f app.Flags, dir string, write bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return app.Serve("ftp", f, ftp.Options(), ftp.New(ftp.Config{Root: root, Write: write}))
}
