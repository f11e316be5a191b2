//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	mostTransfers = 3
	mostUpload    = 500_000 // bytes
	uploadPrefix  = "up-"   // begins the names of files that clients store
)

// ftpVisit is a session with the FTP server, of which either the control connection or those for data go by proxies.
type ftpVisit struct {
	*dialogue
	world    *world
	straight bool // the control connection
}

// talkFTP fetches and stores files.
func talkFTP(c *conversation, addr string, w *world) error {
	v := &ftpVisit{world: w, straight: c.rng.IntN(2) == 0}
	var err error
	if v.dialogue, err = newDialogue(c, addr, v.straight); err != nil {
		return err
	}
	for _, step := range []struct {
		code int
		line string
	}{{331, "USER anonymous"}, {230, "PASS soak"}, {200, "TYPE I"}} {
		if _, err := v.ask(step.code, step.line); err != nil {
			return err
		}
	}
	for i := range 1 + c.rng.IntN(mostTransfers) {
		if c.rng.IntN(3) == 0 {
			err = v.store(fmt.Sprintf("%s%s.%d", uploadPrefix, c.id, i))
		} else {
			err = v.fetch(w.contents[c.rng.IntN(len(w.contents))])
		}
		if err != nil {
			return err
		}
	}
	return v.quit()
}

// open opens a connection for data, in either way.
func (v *ftpVisit) open() (*net.TCPConn, error) {
	var addr string
	if v.talk.rng.IntN(2) == 0 {
		text, err := v.ask(229, "EPSV")
		if err != nil {
			return nil, err
		}
		var port int
		if _, err := fmt.Sscanf(text, "Entering Extended Passive Mode (|||%d|)", &port); err != nil {
			return nil, wrong("EPSV: %q", text)
		}
		addr = fmt.Sprintf("127.0.0.1:%d", port)
	} else {
		text, err := v.ask(227, "PASV")
		if err != nil {
			return nil, err
		}
		var n [6]int
		const form = "Entering Passive Mode (%d,%d,%d,%d,%d,%d)"
		if _, err := fmt.Sscanf(text, form, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]); err != nil {
			return nil, wrong("PASV: %q", text)
		}
		addr = fmt.Sprintf("%d.%d.%d.%d:%d", n[0], n[1], n[2], n[3], n[4]<<8|n[5])
	}
	if v.straight {
		return v.talk.dialThrough(addr)
	}
	return v.talk.dial(addr)
}

// fetch fetches a file, or what is behind a place in it.
func (v *ftpVisit) fetch(f content) error {
	data, err := v.open()
	if err != nil {
		return err
	}
	want := f.data
	if v.talk.rng.IntN(3) == 0 {
		from := v.talk.rng.IntN(len(want) + 1)
		if _, err := v.ask(350, "REST %d", from); err != nil {
			return err
		}
		want = want[from:]
	}
	if _, err := v.ask(150, "RETR %s", f.name); err != nil {
		return err
	}
	err = expect(data, want)
	if err == nil {
		err = expectEnd(data)
	}
	if err != nil {
		return err
	}
	_ = data.Close() // read to its end
	_, err = v.reply(226)
	return err
}

// store stores a file, which then has to be on the disk, and removes it.
func (v *ftpVisit) store(name string) (err error) {
	want := slice(v.talk.rng, binary, magnitude(v.talk.rng, mostUpload))
	path := filepath.Join(v.world.files, name)
	whole := false
	defer func() { err = errors.Join(err, checkUpload(path, want, whole && !v.talk.broken())) }()
	data, err := v.open()
	if err != nil {
		return err
	}
	if _, err := v.ask(150, "STOR %s", name); err != nil {
		return err
	}
	if _, err := data.Write(want); err != nil {
		return err
	}
	if err := data.CloseWrite(); err != nil {
		return err
	}
	if err := expectEnd(data); err != nil {
		return err
	}
	_, err = v.reply(226)
	whole = err == nil
	return err
}

// checkUpload compares and removes a file that was stored. One whose stream was cut short in order is a prefix: FTP
// cannot tell.
func checkUpload(path string, want []byte, whole bool) error {
	got, err := os.ReadFile(path)
	if err != nil {
		if whole {
			return wrong("the file is not there: %v", err)
		}
		return nil
	}
	if !bytes.HasPrefix(want, got) || whole && len(got) != len(want) {
		return wrong("%s has %d bytes, which are not those of %d", filepath.Base(path), len(got), len(want))
	}
	return os.Remove(path)
}

// sweep removes what broken visits have stored after their end: files older than any visit.
func (w *world) sweep() error {
	names, err := leftovers(w.files, uploadPrefix)
	for _, name := range names {
		path := filepath.Join(w.files, name)
		info, err2 := os.Stat(path)
		if errors.Is(err2, fs.ErrNotExist) { // its visit has removed it
			continue
		}
		if err2 == nil && time.Since(info.ModTime()) > 2*patience {
			err2 = os.Remove(path)
		}
		err = errors.Join(err, err2)
	}
	return err
}

// hidden returns the temporary files that servers should have removed.
func (w *world) hidden() ([]string, error) {
	mail, err1 := leftovers(w.mail, ".")
	files, err2 := leftovers(w.files, ".")
	return append(mail, files...), errors.Join(err1, err2)
}

func (w *world) remove() error { return os.RemoveAll(w.dir) }
