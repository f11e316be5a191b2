//go:build linux

package ftp

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/producer"
)

var errKind = errors.New("ftp: neither a file nor a directory")

// open opens a regular file or a directory. O_NONBLOCK keeps a FIFO from waiting for its writer.
func (s *session) open(name string) (*os.File, fs.FileInfo, error) {
	f, err := s.server.cfg.Root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = errKind
	}
	if err != nil {
		_ = f.Close() // nothing was written to it
		return nil, nil, err
	}
	return f, info, nil
}

// retrieve answers RETR.
func (s *session) retrieve(arg string) error {
	from := s.restart
	s.restart = 0
	if s.data == nil {
		return s.reply("425 use PASV or EPSV first")
	}
	_, name := s.resolve(arg)
	f, info, err := s.open(name)
	switch {
	case err != nil:
		return s.reply(failure(err))
	case info.IsDir():
		_ = f.Close()
		return s.reply("550 not a file")
	case from > info.Size():
		_ = f.Close()
		return s.reply("554 the file is shorter than that")
	}
	return s.send(producer.File(f, from, info.Size()-from))
}

// send begins a transfer to the client.
func (s *session) send(p producer.Producer) error {
	if err := s.reply("150 here it comes"); err != nil {
		closeProducer(p)
		return err
	}
	return s.data.start(&download{p})
}

// download sends what a producer makes.
//
// Invariant: source is nil once it is the connection's.
type download struct{ source producer.Producer }

func (t *download) begin(c *loop.Conn) error {
	if err := c.PushProducer(t.source); err != nil {
		return err
	}
	t.source = nil
	c.CloseWhenDone()
	return nil
}

func (t *download) receive([]byte) error { return nil }

// finish does nothing: a client may end its side before it has everything.
func (t *download) finish(*loop.Conn) error { return nil }

func (t *download) drop() { closeProducer(t.source) }

// closeProducer closes a producer that no connection owns.
func closeProducer(p producer.Producer) {
	if c, ok := p.(io.Closer); ok {
		_ = c.Close() // nothing was written to it
	}
}
