//go:build linux

package smtpd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// store is a directory of messages. Any goroutine.
type store struct {
	dir    string // immutable
	count  atomic.Uint64
	saving sync.WaitGroup // calls of save to come or under way
	slots  chan struct{}  // one for each call of save under way: each blocks a thread while the disk works
}

// maxSaves is how many messages are saved at once.
const maxSaves = 64

func newStore(dir string) (*store, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", dir)
	}
	return &store{dir: dir, slots: make(chan struct{}, maxSaves)}, err
}

// create makes the file of a message, under a name of its own that is not its last.
func (s *store) create() (*os.File, error) { return os.CreateTemp(s.dir, ".smtpd-*") }

// abort removes the file of a message; nil has none.
func (s *store) abort(f *os.File) {
	if f != nil {
		_ = os.Remove(f.Name()) // what remains is seen by its name
		_ = f.Close()
	}
}

// save writes rest to f, or to a new file if that is nil, and gives it its name. It waits for the disk. The file is gone
// after an error.
func (s *store) save(f *os.File, rest []byte) (err error) {
	if f == nil {
		if f, err = s.create(); err != nil {
			return err
		}
	}
	_, err = f.Write(rest)
	if err == nil {
		err = f.Sync()
	}
	// The time keeps names in order, and apart from those of an earlier process.
	name := fmt.Sprintf("%d.%d.%d.eml", time.Now().UnixNano(), os.Getpid(), s.count.Add(1))
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, name))
	}
	if err != nil {
		s.abort(f)
		return err
	}
	return errors.Join(f.Close(), s.sync())
}

// sync writes the directory itself (fsync(2)).
func (s *store) sync() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
