package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// conn is one connection. Positions count from its begin: bytes, or messages.
//
// Invariant: answered ≤ begun ≤ goal, and received is what the checker has found right, so that all replies up to
// there are. Messages below begun were written at least in part; sent bytes were. Of a load with a schedule begun ≤ due
// as well.
type conn struct {
	fd       int
	index    int
	interest uint32 // what the poller watches it for
	depth    int64  // how many messages may be in flight

	toSend, toCome  int   // where in the script the next byte to write is, and the next one to come
	sent, received  int64 // bytes
	goal            int64 // messages to be written as soon as the socket takes them
	begun, answered int64 // messages
	due             int64 // messages that have fallen due and were not given up; of a load with a schedule
	marks           marks
	held            []byte // the begin of a reply whose end has not come, kept by checkers that need it
	slow, gone      bool   // it is read by slowReaders only; the server has closed it after the last message
}

// checker checks replies.
type checker interface {
	// check checks p, which is c.held and then what a read has brought, at most a window. It moves c.answered on, and
	// returns an error that tells where in the stream of replies, which has c.received bytes without this read, what
	// is wrong. c.sent is what there can be replies to.
	check(c *conn, p []byte) error
}

// What connections are watched for. EPOLLOUT joins at the first write that the socket does not take whole, and stays.
const (
	readInterest = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
	slowInterest = unix.EPOLLET // errors are told in any case
	endEvents    = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
)

var errClosed = errors.New("the server has closed it")

// idle reports whether everything that was begun is written and answered.
func (c *conn) idle(size int) bool {
	return c.answered == c.begun && c.sent == c.begun*int64(size) && len(c.held) == 0
}

// wrap makes an error tell which connection it is of.
func (c *conn) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("connection %d: %w", c.index, err)
}

// late is the error of a connection whose replies have not come.
func (c *conn) late() error {
	return c.wrap(fmt.Errorf("the replies stop short after byte %d: %d of %d messages were answered",
		c.received, c.answered, c.begun))
}

// receive reads all there is. ended tells that the server is known to have ended the stream, which is only seen by
// reading on.
func (l *load) receive(c *conn, ended bool) error {
	for {
		n, err := l.read(c, window)
		if err != nil || n < window && (n == 0 || !ended) {
			return err
		}
	}
}

// read reads once, room bytes at most, and checks what has come. It returns 0 when there is nothing more.
func (l *load) read(c *conn, room int) (int, error) {
	held := copy(l.buffer, c.held)
	n, errno := recv(c.fd, l.buffer[held:held+room])
	switch {
	case errno == unix.EAGAIN:
		l.now = l.clock() // for what is written next
		return 0, nil
	case l.leaving:
		return 0, c.leave(n)
	case errno != 0:
		return 0, fmt.Errorf("after byte %d of the replies: recv: %w", c.received, errno)
	case n == 0:
		return 0, fmt.Errorf("after byte %d of the replies, with %d of %d messages answered: %w",
			c.received, c.answered, c.begun, errClosed)
	}
	l.now = l.clock()
	before := c.answered
	if err := l.checker.check(c, l.buffer[:held+n]); err != nil {
		return 0, err
	}
	c.received += int64(n)
	l.received += int64(n)
	if c.answered > before {
		l.answered += c.answered - before
		c.marks.take(c.answered, l.now, l.measured, l.latency)
	}
	return n, nil
}

// leave notes that the server has closed the connection after the last message, be it by a reset; n is what a read has
// brought.
func (c *conn) leave(n int) error {
	if n > 0 {
		return fmt.Errorf("at least %d bytes more after byte %d, where the last reply has ended", n, c.received)
	}
	c.gone = true
	return nil
}

// refill lets as many messages be sent as the connection may have in flight.
func (l *load) refill(c *conn) {
	if !l.sending {
		return
	}
	c.goal = c.answered + c.depth
	if l.schedule != nil {
		c.goal = min(c.goal, c.due)
	}
}

// flush writes what is to be sent, as far as the socket takes it.
func (l *load) flush(c *conn) error {
	size := int64(l.script.size)
	begun := c.goal
	for left := c.goal*size - c.sent; left > 0; {
		p := l.script.text[c.toSend : c.toSend+int(min(left, window))]
		n, errno := send(c.fd, p)
		if errno == unix.EAGAIN {
			n = 0
		} else if errno != 0 {
			return fmt.Errorf("after byte %d of the messages: send: %w", c.sent, errno)
		}
		c.toSend = l.script.after(c.toSend, n)
		c.sent += int64(n)
		left -= int64(n)
		if n < len(p) {
			begun = (c.sent + size - 1) / size
			if err := l.watch(c, c.interest|unix.EPOLLOUT); err != nil {
				return err
			}
			break
		}
	}
	if begun > c.begun {
		c.begun = begun
		if l.schedule == nil {
			c.marks.add(begun, l.now)
		}
	}
	return nil
}

// watch makes interest what the poller watches a connection for.
func (l *load) watch(c *conn, interest uint32) error {
	if c.interest == interest {
		return nil
	}
	c.interest = interest
	return l.poller.change(c.fd, c.index, interest)
}
