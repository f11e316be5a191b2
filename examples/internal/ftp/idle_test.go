//go:build linux

package ftp

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A session is not idle while a transfer goes on.
func TestTransferIsNotIdle(t *testing.T) {
	r := newRig(t, true)
	c := r.login()
	d := c.data("127.0.0.1", c.passive())
	r.on(func() { r.sessions[0].conn.SetIdleTimeout(20 * time.Millisecond) })
	c.send("RETR large")
	c.want("150 ")
	time.Sleep(100 * time.Millisecond) // in which nothing is read
	if n, err := io.Copy(io.Discard, d); n != largeBytes || err != nil {
		t.Errorf("%d of %d bytes, %v", n, largeBytes, err)
	}
	d.Close()
	c.want("226 ")
}

// The name of an upload under way cannot be guessed.
func TestUploadNames(t *testing.T) {
	r := newRig(t, true)
	seen := map[string]bool{}
	for range 2 {
		c := r.login()
		d := c.data("127.0.0.1", c.passive())
		c.send("STOR new")
		c.want("150 ")
		parts, err := filepath.Glob(filepath.Join(r.dir, uploadPrefix+"*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			seen[strings.TrimPrefix(filepath.Base(part), uploadPrefix)] = true
		}
		d.CloseWrite()
		c.want("226 ")
	}
	for name := range seen {
		if len(name) < 26 { // 128 bits
			t.Errorf("a name of %q", name)
		}
	}
	if len(seen) != 2 {
		t.Errorf("%d names of 2 uploads", len(seen))
	}
	if _, err := os.Stat(filepath.Join(r.dir, "new")); err != nil {
		t.Error(err)
	}
}
