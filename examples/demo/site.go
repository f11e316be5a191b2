//go:build linux

package main

import (
	"embed"
	"errors"
	"io/fs"
	"os"
)

//go:embed page
var page embed.FS

// site is the web server's page as files, which is how sendfile(2) needs it.
//
// Invariant: root is open, and its directory exists, until close.
type site struct {
	dir  string
	root *os.Root
}

// openSite writes the page that the program carries to a directory of its own.
func openSite() (*site, error) {
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "millrace-demo-")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, files); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &site{dir, root}, nil
}

// close removes the directory.
func (s *site) close() error { return errors.Join(s.root.Close(), os.RemoveAll(s.dir)) }
