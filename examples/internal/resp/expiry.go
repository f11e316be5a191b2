//go:build linux

package resp

import "math"

// expiry reads a time from now on, of at least so many units of so many milliseconds, and returns the millisecond since 1970 that
// it ends at. name is the command to blame.
func (s *session) expiry(arg []byte, unit, least int64, name string) (int64, error) {
	n, ok := parseInt(arg)
	if !ok {
		return 0, errInteger
	}
	now := s.worker.server.store.clock()
	if n < least || n > (math.MaxInt64-now)/unit {
		return 0, invalidExpire(name)
	}
	return now + n*unit, nil
}

func invalidExpire(name string) error {
	return replyError("ERR invalid expire time in '" + name + "' command")
}

// expire is EXPIRE key seconds.
func (s *session) expire(args [][]byte) error { return s.expireIn(args, 1000, "expire") }

// pexpire is PEXPIRE key milliseconds.
func (s *session) pexpire(args [][]byte) error { return s.expireIn(args, 1, "pexpire") }

func (s *session) expireIn(args [][]byte, unit int64, name string) error {
	at, err := s.expiry(args[2], unit, math.MinInt64/unit, name)
	if err != nil {
		return err
	}
	s.worker.reply.flag(s.worker.server.store.expireAt(args[1], at))
	return nil
}

// ttl is TTL key: seconds, rounded.
func (s *session) ttl(args [][]byte) error {
	ms := s.worker.server.store.ttl(args[1])
	if ms >= 0 {
		ms = ms/1000 + (ms%1000+500)/1000
	}
	s.worker.reply.integer(ms)
	return nil
}

// pttl is PTTL key: milliseconds.
func (s *session) pttl(args [][]byte) error {
	s.worker.reply.integer(s.worker.server.store.ttl(args[1]))
	return nil
}

// persist is PERSIST key.
func (s *session) persist(args [][]byte) error {
	s.worker.reply.flag(s.worker.server.store.persist(args[1]))
	return nil
}
