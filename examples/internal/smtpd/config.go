//go:build linux

package smtpd

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// Limits.
const (
	// MaxCommand is the longest command, its end not counted, in bytes: twice what RFC 5321 section 4.5.3.1.4 asks
	// for, for parameters. Beyond it the answer is 500.
	MaxCommand = 1 << 10
	// MaxTextLine is the longest line of a message, its end not counted, in bytes; RFC 5321 section 4.5.3.1.6 asks
	// for 998. Beyond it the answer to the message is 554.
	MaxTextLine = 4 << 10
	// MaxRecipients is the most recipients of a message, beyond which the answer is 452; RFC 5321 section 4.5.3.1.8
	// asks for 100.
	MaxRecipients = 1000
	// DefaultMaxSize is the longest message in bytes, unless Config says otherwise.
	DefaultMaxSize = 10 << 20
	// maxErrors is how many commands in a session may be refused before it ends with 421.
	maxErrors = 20
)

// ErrSize is what the error of New wraps if Config.MaxSize makes no sense.
var ErrSize = errors.New("smtpd: bad size")

// Config says what becomes of the messages. The zero value drops them.
type Config struct {
	// Dir is the directory for the messages, which has to be there; empty: they are dropped.
	Dir string
	// MaxSize is the longest message in bytes, as it is without dots that are stuffed: beyond it the answer is 552, and
	// beyond twice of it the connection is closed too. 0 means DefaultMaxSize.
	MaxSize int64
	// Name is what the server calls itself; empty means the name of the host.
	Name string
	// TLS is what STARTTLS uses; nil: there is none. It must not be changed any more.
	TLS *tls.Config
}

// Options returns the options of a set or loop that runs a server; the caller may change the rest. The times are
// those of RFC 5321 section 4.5.3.2.7.
func Options() loop.Options {
	return loop.Options{
		RingBytes:      64 << 10,
		MaxElement:     MaxCommand,
		Oversize:       loop.DiscardOversize,
		IdleTimeout:    5 * time.Minute,
		ElementTimeout: 5 * time.Minute,
	}
}

// Server makes the handlers of connections, on any number of loops that have Options.
type Server struct {
	cfg     Config
	store   *store // nil: messages are dropped
	bridges bridges
}

// New returns a server. The error wraps ErrSize, or says why the directory is none.
func New(cfg Config) (*Server, error) {
	switch {
	case cfg.MaxSize < 0:
		return nil, fmt.Errorf("%w: MaxSize is %d", ErrSize, cfg.MaxSize)
	case cfg.MaxSize == 0:
		cfg.MaxSize = DefaultMaxSize
	}
	if cfg.Name == "" {
		name, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		cfg.Name = name
	}
	s := &Server{cfg: cfg}
	s.bridges.handshake, s.bridges.stall, s.bridges.linger = 30*time.Second, Options().IdleTimeout, 2*time.Second
	if cfg.Dir != "" {
		st, err := newStore(cfg.Dir)
		if err != nil {
			return nil, err
		}
		s.store = st
	}
	return s, nil
}

// Open is the loop.Factory of the server. Any goroutine.
func (s *Server) Open(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.CRLF)
	return &session{server: s}
}

// Wait returns when every message that was received whole is on the disk, or could not be written, and the last
// client that speaks TLS has gone, or was given two seconds to. It is called after the last loop has ended.
func (s *Server) Wait() {
	s.bridges.end()
	if s.store != nil {
		s.store.saving.Wait()
	}
}
