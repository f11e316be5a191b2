//go:build linux

package ftp

import (
	"os"
	"time"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

const (
	// MaxCommand is the longest command, its end not counted, in bytes. Beyond it the answer is 500.
	MaxCommand = 4 << 10
	// acceptTime is how long a listener waits for the client.
	acceptTime = 30 * time.Second
	// idleTime is how long a control connection may be idle without a transfer.
	idleTime = 5 * time.Minute
	// stallTime is how long a data connection may be idle.
	stallTime = 2 * time.Minute
)

// Config is what a server serves.
type Config struct {
	// Root is the directory of the files. It stays the caller's, who closes it after the last loop has ended.
	Root *os.Root
	// Write allows clients to store files.
	Write bool
	// MaxFile is the most that a client may store in one file, in bytes; 0 or less: no limit.
	MaxFile int64
}

// Options returns the options of a set or loop that runs a server; the caller may change the rest.
func Options() loop.Options {
	return loop.Options{
		MaxElement:  MaxCommand,
		Oversize:    loop.DiscardOversize,
		IdleTimeout: idleTime,
	}
}

// lineEnd ends a command: people with nc send LF alone.
var lineEnd = func() match.Terminator {
	t, err := match.Any([]byte("\n"), []byte("\r\n"))
	if err != nil {
		panic(err) // the literals are constant
	}
	return t
}()

// server is what all sessions share.
type server struct {
	cfg Config // immutable
}

// New returns the factory of the server's control connections, for one or more loops with Options. Any goroutine may call it.
func New(cfg Config) loop.Factory {
	srv := &server{cfg: cfg}
	return func(c *loop.Conn) loop.Handler {
		c.SetTerminator(lineEnd)
		return &session{server: srv, conn: c, cwd: "/"}
	}
}
