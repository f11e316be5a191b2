//go:build linux

package loop

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/mailbox"
)

// message is what other goroutines send a loop. One field or pair of fields is set.
type message struct {
	f      func()        // Post
	conn   *Conn         // Conn.Post, Conn.PushAsync
	onConn func(c *Conn) // Conn.Post
	output *output       // a producer is ready
	adopt  *adoption     // a connection accepted or dialled elsewhere
}

// Post runs f on the loop's goroutine, after what was posted before by this goroutine. It returns
// ErrClosed if the loop is closed, ErrOverloaded if too much waits (Options.MaxPosted); then f will
// not run. Else it will, even while the loop closes. A panic in f is logged, and the loop goes on.
// Any goroutine, the loop's own too.
func (l *Loop) Post(f func()) error { return l.put(message{f: f}, nil) }

func (l *Loop) put(m message, p []byte) error {
	err := l.mail.Put(m, p)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mailbox.ErrClosed):
		return ErrClosed
	}
	return errors.Join(ErrOverloaded, err)
}

// wakeUp makes a loop that sleeps in epoll_wait look at its mailbox.
func (l *Loop) wakeUp() {
	err := l.calls.EventfdWrite(l.eventfd)
	for err == unix.EINTR { // or the loop would sleep on
		err = l.calls.EventfdWrite(l.eventfd)
	}
	if err != nil {
		l.opts.Logger.Error("millrace: waking a loop", "err", err)
	}
}

// readMail handles the messages of one batch.
func (l *Loop) readMail() {
	for {
		item, ok := l.mail.Next()
		if !ok {
			return
		}
		l.handle(&item.Value, item.Data)
		l.leave()
	}
}

func (l *Loop) handle(m *message, data []byte) {
	switch {
	case m.f != nil:
		m.f()
	case m.conn != nil:
		c := m.conn
		if c.state&closed != 0 {
			return
		}
		l.enter(c)
		if m.onConn != nil {
			m.onConn(c)
		} else if err := c.Push(data); err != nil {
			l.stats.Refused++
			if errors.Is(err, ErrOutputFull) {
				c.fail(err) // nobody can be told, and a stream with a hole is worse than none
			}
		}
		c.settle()
	case m.output != nil:
		m.output.woken.Store(false)
		if c := m.output.conn; c != nil && c.state&closed == 0 {
			l.enter(c)
			c.settle()
		}
	case m.adopt != nil:
		l.adopt(m.adopt)
	}
}
