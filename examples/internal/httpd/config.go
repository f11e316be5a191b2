//go:build linux

package httpd

import (
	"os"
	"sync"
	"time"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// Limits of a request, in bytes.
const (
	// MaxHeader is the longest header, request line included: beyond it the answer is 431 (RFC 6585).
	MaxHeader = 16 << 10
	// MaxTarget is the longest request target: beyond it the answer is 414. RFC 9112 section 3 asks for 8,000
	// at least.
	MaxTarget = 8000
	// DefaultMaxBody is the longest body that /echo takes, unless Config says otherwise.
	DefaultMaxBody = 1 << 20
)

// Config is what a server serves. The zero value serves /hello and /echo.
type Config struct {
	// Root is the directory of the files, nil for none. It stays the caller's, who closes it after the last
	// loop has ended.
	Root *os.Root
	// MaxBody is the longest body of a request in bytes, beyond which the answer is 413; 0 or less means
	// DefaultMaxBody.
	MaxBody int64
}

// Options returns the options that a Set or Loop of this server has: MaxHeader as the limit of an
// element with an Oversizer instead of a close, so that the answer can be 431, and times fit for HTTP. The caller may
// change the rest.
func Options() loop.Options {
	return loop.Options{
		MaxElement:     MaxHeader,
		Oversize:       loop.DiscardOversize,
		IdleTimeout:    time.Minute,
		ElementTimeout: 20 * time.Second,
	}
}

// New returns the factory of the server's connections, for one or more loops with Options. Any goroutine may call it.
func New(cfg Config) loop.Factory {
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	var mu sync.Mutex
	workers := make(map[*loop.Loop]*worker)
	return func(c *loop.Conn) loop.Handler {
		mu.Lock()
		w := workers[c.Loop()]
		if w == nil {
			w = newWorker(cfg, c.Loop())
			workers[c.Loop()] = w
		}
		mu.Unlock()
		c.SetTerminator(match.CRLFCRLF)
		return w
	}
}
