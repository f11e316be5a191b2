//go:build linux

package httpd

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/producer"
)

// inlineBytes is the longest part of a file that is read into the reply: shorter, a read costs less than the turns
// that a file in the queue takes.
const inlineBytes = 32 << 10

// serveFile answers with the file or directory that w.path names. dir says that the request's path ended with
// a slash.
func (w *worker) serveFile(c *loop.Conn, dir bool) error {
	if w.cfg.Root == nil {
		return w.text(c, 404, "", "")
	}
	name := string(w.path)
	f, info, status := open(w.cfg.Root, name)
	switch {
	case status != 0:
		return w.text(c, status, "", "")
	case info.IsDir() && !dir:
		_ = f.Close() // nothing was written to it
		return w.redirect(c, name)
	case info.IsDir():
		return w.serveDirectory(c, f, name)
	case dir:
		_ = f.Close()
		return w.text(c, 404, "", "")
	}
	return w.sendFile(c, f, info, name)
}

// open opens a regular file or a directory below root, or returns the status that says why not. What is outside of
// root is as good as not there. Anything else, such as a FIFO, is refused; O_NONBLOCK keeps
// opening one from waiting for its writer.
func open(root *os.Root, name string) (f *os.File, info fs.FileInfo, status int) {
	if name == "" {
		name = "."
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err == nil {
		if info, err = f.Stat(); err == nil && (info.Mode().IsRegular() || info.IsDir()) {
			return f, info, 0
		}
		_ = f.Close()
		if err == nil {
			return nil, nil, 403
		}
	}
	return nil, nil, statusOf(err)
}

// statusOf gives the status for an error of open or stat.
func statusOf(err error) int {
	for _, busy := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, busy) {
			return 503
		}
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return 403
	case errors.Is(err, syscall.EIO):
		return 500
	}
	return 404
}

// redirect adds the slash that relative links in a directory need. The name is written anew, escaped and with
// one slash before it, so that neither a header nor another host can be smuggled into Location.
func (w *worker) redirect(c *loop.Conn, name string) error {
	location := append(appendEscaped([]byte("/"), name), '/')
	return w.text(c, 301, "Location", string(append(location, w.req.query...)))
}

// sendFile answers with f, which it owns.
func (w *worker) sendFile(c *loop.Conn, f *os.File, info fs.FileInfo, name string) error {
	r := &w.req
	size, modified := info.Size(), info.ModTime().UTC()
	stamp := modified.Format(timeFormat)
	if r.unmodified(modified) {
		_ = f.Close()
		w.begin(304)
		w.field("Last-Modified", stamp)
		w.end()
		return w.send(c)
	}
	off, n, part := int64(0), size, rangeNone
	if r.method == methodGet && r.ranges != nil && (r.ifRange == nil || string(r.ifRange) == stamp) {
		off, n, part = parseRange(r.ranges, size)
	}
	switch part {
	case rangeBeyond:
		_ = f.Close()
		return w.text(c, 416, "Content-Range", string(appendContentRange(nil, -1, 0, size)))
	case rangePart:
		w.begin(206)
		w.field("Content-Range", string(appendContentRange(nil, off, n, size)))
	default:
		w.begin(200)
	}
	w.field("Content-Type", contentType(name))
	w.field("Last-Modified", stamp)
	w.field("Accept-Ranges", "bytes")
	w.number("Content-Length", n)
	w.end()
	switch {
	case r.method == methodHead:
		_ = f.Close()
		return w.send(c)
	case n <= inlineBytes:
		return w.sendInline(c, f, off, int(n))
	}
	return w.sendQueued(c, f, off, n)
}

// sendInline reads n bytes of f into the reply and closes it. A file that has become shorter is an error of
// the server.
func (w *worker) sendInline(c *loop.Conn, f *os.File, off int64, n int) error {
	head := len(w.buf)
	if need := head + n; cap(w.buf) < need {
		w.buf = append(make([]byte, 0, need), w.buf...)
	}
	w.buf = w.buf[:head+n]
	got, err := f.ReadAt(w.buf[head:], off)
	_ = f.Close()
	if got < n && err != nil {
		return w.refuse(c, 500)
	}
	return w.send(c)
}

// sendQueued pushes the header and then the file. More of the client's requests are read when it has left: a
// file that waits costs a descriptor, which no mark of the output queue counts.
func (w *worker) sendQueued(c *loop.Conn, f *os.File, off, n int64) error {
	p := producer.File(f, off, n)
	err := c.Push(w.buf)
	if err == nil {
		err = c.PushProducer(p)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	if w.req.close {
		c.CloseWhenDone()
		return nil
	}
	c.Pause()
	return c.PushProducer(resumer{c})
}

// resumer is a producer of nothing that has its connection read again when all that was queued before it has left, or is
// dropped as the client has gone: then its end is read.
type resumer struct{ conn *loop.Conn }

// More implements producer.Producer.
func (r resumer) More() ([]byte, error) {
	r.conn.Resume()
	return nil, io.EOF
}

// Close implements producer.Closer.
func (r resumer) Close() error {
	r.conn.Resume()
	return nil
}
