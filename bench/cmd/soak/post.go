//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// mailField begins the field by which a mail is known: its id, and the hash of its text.
const mailField = "X-Soak: "

// How far a mail has come.
const (
	mailPosted = 1 << iota
	mailTaken  // the server has answered for it
	mailFound  // and there was a file
)

// postOffice looks for mails in the server's directory. Any goroutine may use it.
//
// Invariant: a mail that was found was posted; its file is gone.
type postOffice struct {
	dir string

	mu    sync.Mutex
	mails map[string]uint8
}

func newPostOffice(dir string) *postOffice { return &postOffice{dir: dir, mails: map[string]uint8{}} }

func (p *postOffice) mark(id string, how uint8) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails[id] |= how
}

// posted says that a mail may arrive from now on.
func (p *postOffice) posted(id string) { p.mark(id, mailPosted) }

// taken says that a mail has to arrive.
func (p *postOffice) taken(id string) { p.mark(id, mailTaken) }

// collect takes every mail out of the directory, and returns what is wrong with any.
func (p *postOffice) collect() error {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".eml") { // still being written
			continue
		}
		path := filepath.Join(p.dir, e.Name())
		text, err2 := os.ReadFile(path)
		err = errors.Join(err, err2, p.take(text), os.Remove(path))
	}
	return err
}

// take checks a mail: each has to be whole, and there once.
func (p *postOffice) take(text []byte) error {
	_, own, ok := bytes.Cut(text, []byte("\r\n"+mailField))
	head, body, ok2 := bytes.Cut(own, []byte("\r\n\r\n"))
	var id string
	var hash uint64
	if _, err := fmt.Sscanf(string(head), "%s %x", &id, &hash); err != nil || !ok || !ok2 {
		return fmt.Errorf("a mail that nobody has sent: %.200q", text)
	}
	if got := xxhash.Sum64(body); got != hash {
		return fmt.Errorf("the text of mail %s has the hash %x, not %x", id, got, hash)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if state := p.mails[id]; state&mailPosted == 0 || state&mailFound != 0 {
		return fmt.Errorf("mail %s is there in state %d", id, state)
	}
	p.mails[id] |= mailFound
	return nil
}

// missing returns how many mails were taken, and how many of them were not found. What was not taken may have been kept
// all the same, if the reply was lost.
func (p *postOffice) missing() (taken, missing int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, state := range p.mails {
		if state&mailTaken != 0 {
			taken++
			if state&mailFound == 0 {
				missing++
			}
		}
	}
	return taken, missing
}

// leftovers returns the names in a directory that begin like this: what a server was still writing.
func leftovers(dir, prefix string) ([]string, error) {
	var names []string
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			names = append(names, e.Name())
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return names, err
}
