//go:build linux

package ftp

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// list answers LIST, in the form of ls -l that clients understand, and NLST, names alone.
func (s *session) list(arg string, long bool) error {
	s.restart = 0
	if s.data == nil {
		return s.reply("425 use PASV or EPSV first")
	}
	for strings.HasPrefix(arg, "-") { // options of ls, which many clients send
		_, arg, _ = strings.Cut(arg, " ")
	}
	_, name := s.resolve(arg)
	f, info, err := s.open(name)
	if err != nil {
		return s.reply(failure(err))
	}
	l := &listing{session: s, long: long, now: time.Now()}
	if info.IsDir() {
		l.dir = name
		l.entries, err = f.ReadDir(-1)
		slices.SortFunc(l.entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	} else {
		l.dir, l.entries = path.Dir(name), []fs.DirEntry{fs.FileInfoToDirEntry(info)}
	}
	_ = f.Close() // nothing was written to it
	if err != nil {
		return s.reply(failure(err))
	}
	return s.send(l)
}

// listing makes the lines of a directory, a few at a time: each asks the disk for a file.
type listing struct {
	session *session
	dir     string
	entries []fs.DirEntry // those to come
	long    bool
	now     time.Time
	buf     []byte
}

// chunkEntries is how many lines a chunk has.
const chunkEntries = 50

// More implements producer.Producer.
func (l *listing) More() ([]byte, error) {
	if len(l.entries) == 0 {
		return nil, io.EOF
	}
	l.buf = l.buf[:0]
	for len(l.buf) == 0 && len(l.entries) > 0 {
		n := min(chunkEntries, len(l.entries))
		for _, e := range l.entries[:n] {
			l.line(e.Name())
		}
		l.entries = l.entries[n:]
	}
	return l.buf, nil
}

// line adds a file or directory. What is neither, leads out of the root or would be more than one line is left out.
func (l *listing) line(name string) {
	if strings.HasPrefix(name, uploadPrefix) || strings.ContainsAny(name, "\r\n") {
		return
	}
	info, err := l.session.server.cfg.Root.Stat(path.Join(l.dir, name))
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return
	}
	if l.long {
		format := "Jan _2 15:04"
		if age := l.now.Sub(info.ModTime()); age > 180*24*time.Hour || age < -time.Hour {
			format = "Jan _2  2006"
		}
		mode := strings.Replace(info.Mode().Perm().String(), "-", kind(info), 1)
		l.buf = fmt.Appendf(l.buf, "%s 1 ftp ftp %12d %s ", mode, info.Size(), info.ModTime().UTC().Format(format))
	}
	l.buf = append(l.buf, name...)
	l.buf = append(l.buf, "\r\n"...)
}

// kind is what the line of a file or directory begins with.
func kind(info fs.FileInfo) string {
	if info.IsDir() {
		return "d"
	}
	return "-"
}
