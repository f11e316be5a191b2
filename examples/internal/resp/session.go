//go:build linux

package resp

import (
	"errors"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

const (
	lineMax  = 64 << 10 // bytes of a line: an inline command, or the head of a multibulk or a bulk
	wholeMax = 16 << 10 // bytes of a bulk that is delivered whole
	noBulk   = -1
)

// session is one connection: the Handler. Loop's goroutine only, but for name.
//
// Invariant: query == nil and left == 0 between two commands; left > 0 within a multibulk, of which query holds what has
// arrived; bulk is noBulk unless the terminator is what is left of Count(bulk+2).
type session struct {
	conn    *loop.Conn
	worker  *worker
	query   *query
	left    int    // arguments still to come
	bulk    int    // length of the bulk that arrives, without its CRLF
	id      int64  // immutable
	leaving bool   // closes behind the reply to the command in hand
	name    string // written with server.mu held, for other loops read it
}

// Opened lists the client.
func (s *session) Opened(*loop.Conn) error {
	srv := s.worker.server
	srv.mu.Lock()
	srv.clients[s.id] = s
	srv.mu.Unlock()
	return nil
}

// Closed takes the client off the list and drops a command that was not completed.
func (s *session) Closed(*loop.Conn, error) {
	srv := s.worker.server
	srv.mu.Lock()
	delete(srv.clients, s.id)
	srv.mu.Unlock()
	if s.query != nil {
		s.worker.recycle(s.query)
		s.query = nil
	}
}

// Quit closes the connection, behind the command that has begun to arrive.
func (s *session) Quit(c *loop.Conn) error {
	if s.left > 0 {
		s.leaving = true
		return nil
	}
	c.CloseWhenDone()
	return nil
}

// Oversize refuses a line that is too long.
func (s *session) Oversize(*loop.Conn) error {
	if s.left > 0 {
		return s.refuse("too big bulk count string")
	}
	return s.refuse("too big inline request")
}

// Receive takes the next element: a line, or a bulk or a piece of one.
func (s *session) Receive(_ *loop.Conn, data []byte, found bool) error {
	switch {
	case s.bulk != noBulk:
		return s.body(data, found)
	case !found: // a line that the end of the stream cut off
		return nil
	case s.left > 0:
		return s.header(data)
	}
	return s.line(data)
}

// line takes the first line of a command.
func (s *session) line(data []byte) error {
	if len(data) == 0 || data[0] != '*' {
		return s.inline(data)
	}
	n, ok := lineNumber(data[1:])
	if !ok || n > int64(s.worker.server.config.MaxArgs) {
		return s.refuse("invalid multibulk length")
	}
	if n <= 0 {
		return nil
	}
	s.left = int(n)
	s.query = s.worker.borrow()
	return nil
}

// inline runs a command that is words on a line.
func (s *session) inline(data []byte) error {
	if last := len(data) - 1; last >= 0 && data[last] == '\r' {
		data = data[:last]
	}
	s.query = s.worker.borrow()
	if !s.query.split(data) {
		return s.refuse("unbalanced quotes in request")
	}
	if len(s.query.ends) == 0 {
		s.worker.recycle(s.query)
		s.query = nil
		return nil
	}
	return s.execute()
}

// header takes the line before a bulk.
func (s *session) header(data []byte) error {
	if len(data) == 0 || data[0] != '$' {
		got := byte(' ')
		if len(data) > 0 && data[0] > ' ' && data[0] < 0x7f {
			got = data[0]
		}
		return s.refuse("expected '$', got '" + string(rune(got)) + "'")
	}
	limits := &s.worker.server.config
	n, ok := lineNumber(data[1:])
	if !ok || n < 0 || n > int64(limits.MaxBulkBytes) {
		return s.refuse("invalid bulk length")
	}
	if int64(len(s.query.buf))+n > int64(limits.MaxCommandBytes) {
		return s.refuse("too big command")
	}
	s.bulk = int(n)
	body, err := match.Count(n + 2)
	if err != nil {
		return err
	}
	s.conn.SetTerminator(body)
	if n > wholeMax {
		s.conn.SetDelivery(loop.Pieces)
	}
	return nil
}

// body takes a bulk, or a piece of it.
func (s *session) body(data []byte, found bool) error {
	s.query.add(data)
	if !found {
		return nil
	}
	if !s.query.endBulk() {
		return s.refuse("expected CRLF after a bulk string")
	}
	if s.bulk > wholeMax {
		s.conn.SetDelivery(loop.Whole)
	}
	s.bulk = noBulk
	s.conn.SetTerminator(match.LF)
	if s.left--; s.left > 0 {
		return nil
	}
	return s.execute()
}

// execute runs the command that has arrived, and sends the reply.
func (s *session) execute() error {
	w := s.worker
	w.reply.buf = w.reply.buf[:0] // a command that panicked may have left something
	args := s.query.arguments(w.args[:0])
	w.commands.Add(1)
	err := s.dispatch(args)
	if err == nil {
		err = s.send()
	}
	w.settle(args)
	w.recycle(s.query)
	s.query = nil
	if err == nil && s.leaving {
		s.conn.CloseWhenDone()
	}
	return err
}

// send pushes what there is of the reply.
func (s *session) send() error {
	r := &s.worker.reply
	err := s.conn.Push(r.buf)
	r.buf = r.buf[:0]
	return err
}

// refuse answers malformed input, behind which no command can be found any more, and closes.
func (s *session) refuse(what string) error {
	r := &s.worker.reply
	r.buf = r.buf[:0]
	r.fail("ERR Protocol error: " + what)
	if err := s.send(); err != nil {
		return err
	}
	s.drop()
	s.conn.CloseWhenDone()
	return nil
}

// drop forgets a command that is not complete.
func (s *session) drop() {
	if s.query != nil {
		s.worker.recycle(s.query)
	}
	s.query, s.left, s.bulk = nil, 0, noBulk
	s.conn.SetDelivery(loop.Whole)
	s.conn.SetTerminator(match.LF)
}

// check reports a broken invariant, for tests.
func (s *session) check() error {
	switch {
	case (s.query == nil) != (s.left == 0):
		return errors.New("a query without arguments to come, or the other way about")
	case s.bulk != noBulk && s.left == 0:
		return errors.New("a bulk outside a command")
	case s.bulk != noBulk && s.conn.Terminator().Kind() != match.KindCount:
		return errors.New("a bulk arrives under a terminator that is no Count")
	case s.bulk == noBulk && !s.conn.Terminator().Equal(match.LF):
		return errors.New("a line arrives under another terminator")
	case (s.conn.Delivery() == loop.Pieces) != (s.bulk > wholeMax):
		return errors.New("the delivery does not fit the bulk")
	}
	return nil
}
