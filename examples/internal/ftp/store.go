//go:build linux

package ftp

import (
	"crypto/rand"
	"io/fs"
	"math"
	"os"
	"path"

	"github.com/millrace-net/millrace/loop"
)

// uploadPrefix begins the names of files that are being stored, which no listing shows.
const uploadPrefix = ".ftp-upload-"

// store answers STOR.
func (s *session) store(arg string) error {
	from := s.restart
	s.restart = 0
	_, name := s.resolve(arg)
	root := s.server.cfg.Root
	switch info, err := root.Stat(name); {
	case !s.server.cfg.Write:
		return s.reply("550 nothing can be stored here")
	case s.data == nil:
		return s.reply("425 use PASV or EPSV first")
	case from > 0:
		return s.reply("554 no REST before STOR")
	case err == nil && !info.Mode().IsRegular():
		return s.reply("553 not a file")
	}
	part := path.Join(path.Dir(name), uploadPrefix+rand.Text()) // nobody else can name it
	f, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return s.reply(failure(err))
	}
	t := &upload{root: root, file: f, part: part, name: name, left: s.server.cfg.MaxFile}
	if t.left <= 0 {
		t.left = math.MaxInt64
	}
	if err := s.reply("150 go ahead"); err != nil {
		t.drop()
		return err
	}
	return s.data.start(t)
}

// upload writes what comes to a file, which gets its name at the end.
//
// Invariant: file is nil once it is closed; then there is no file of the name part any more.
type upload struct {
	root       *os.Root
	file       *os.File
	part, name string
	left       int64 // bytes that may still come
}

func (t *upload) begin(*loop.Conn) error { return nil }

func (t *upload) receive(p []byte) error {
	if t.left -= int64(len(p)); t.left < 0 {
		return errTooLong
	}
	_, err := t.file.Write(p)
	return err
}

func (t *upload) finish(c *loop.Conn) error {
	err := t.file.Close()
	if err == nil {
		err = t.root.Rename(t.part, t.name)
	}
	if err != nil {
		_ = t.root.Remove(t.part) // the first error is told
		err = &fs.PathError{Op: "rename", Path: t.name, Err: err}
	}
	t.file = nil
	if err == nil {
		c.CloseWhenDone()
	}
	return err
}

func (t *upload) drop() {
	if t.file != nil {
		_ = t.file.Close() // it is not wanted
		_ = t.root.Remove(t.part)
		t.file = nil
	}
}
