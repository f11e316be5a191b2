package main

import "math"

// backlog returns how many messages of a connection are kept when they are due and cannot be sent: what falls due in a
// second.
func (o *options) backlog() int { return int(math.Ceil(o.rate / float64(o.conns))) }

// schedule makes messages due at a steady rate, whatever becomes of those before.
//
// Invariant: next is the first message that is not due yet, and turn the connection it belongs to.
type schedule struct {
	load     *load
	begin    int64   // when message 0 is due
	interval float64 // nanoseconds from one message to the next
	limit    int64   // messages of a connection that are due and not answered; more are given up
	next     int64
	turn     int
	givenUp  int64
}

// newSchedule makes a schedule that begins now. All connections have to be idle.
func newSchedule(l *load) *schedule {
	for i := range l.conns {
		l.conns[i].due = l.conns[i].begun
	}
	return &schedule{
		load:     l,
		begin:    l.clock(),
		interval: 1e9 / l.options.rate,
		limit:    int64(l.options.mostWaiting(0)),
	}
}

// dueAt returns when a message is due.
func (s *schedule) dueAt(message int64) int64 {
	return s.begin + int64(float64(message)*s.interval)
}

// act implements pacer: it sends what has fallen due.
func (s *schedule) act(now int64) (next int64, err error) {
	first, turn := s.next, s.turn
	next = s.dueAt(s.next)
	for ; next <= now; next = s.dueAt(s.next) {
		s.accept(&s.load.conns[s.turn], next)
		s.next++
		s.turn = s.after(s.turn)
	}
	for range min(s.next-first, int64(len(s.load.conns))) { // one write each, however much was due
		c := &s.load.conns[turn]
		s.load.refill(c)
		if err := s.load.flush(c); err != nil {
			return 0, c.wrap(err)
		}
		turn = s.after(turn)
	}
	return next, nil
}

// after returns the connection whose turn is after that of another.
func (s *schedule) after(turn int) int {
	if turn++; turn == len(s.load.conns) {
		return 0
	}
	return turn
}

// accept keeps a message that has fallen due, or gives it up.
func (s *schedule) accept(c *conn, at int64) {
	if c.due-c.answered >= s.limit {
		s.givenUp++
		return
	}
	c.due++
	c.marks.add(c.due, at)
}

// unsent returns how many messages are due and not begun.
func (s *schedule) unsent() (n int64) {
	for i := range s.load.conns {
		n += s.load.conns[i].due - s.load.conns[i].begun
	}
	return n
}
