//go:build linux

package resp

import "math"

// replyMax is how many bytes of a long reply are gathered before they are pushed.
const replyMax = 64 << 10

// get is GET key.
func (s *session) get(args [][]byte) error {
	r := &s.worker.reply
	var large []byte
	var found bool
	r.buf, large, found = s.worker.server.store.get(r.buf, args[1])
	return s.answer(large, found)
}

// answer completes the reply with a value: one that was not found is null, a large one is not copied, and any other
// is in the reply already.
func (s *session) answer(large []byte, found bool) error {
	r := &s.worker.reply
	switch {
	case !found:
		r.null()
	case large != nil:
		r.buf = appendLength(r.buf, '$', len(large))
		if err := s.send(); err != nil {
			return err
		}
		if err := s.conn.PushOwned(large, nil); err != nil {
			return err
		}
		r.crlf()
	}
	if len(r.buf) < replyMax {
		return nil
	}
	return s.send()
}

// mget is MGET key [key ...].
func (s *session) mget(args [][]byte) error {
	s.worker.reply.array(len(args) - 1)
	for i := range args[1:] {
		if err := s.get(args[i:]); err != nil {
			return err
		}
	}
	return nil
}

// mset is MSET key value [key value ...].
func (s *session) mset(args [][]byte) error {
	if len(args)%2 == 0 {
		return replyError("ERR wrong number of arguments for 'mset' command")
	}
	for i := 1; i < len(args); i += 2 {
		s.worker.server.store.set(nil, args[i], args[i+1], setting{})
	}
	s.worker.reply.status("OK")
	return nil
}

// set is SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | KEEPTTL].
func (s *session) set(args [][]byte) error {
	how, err := s.setting(args[3:])
	if err != nil {
		return err
	}
	r := &s.worker.reply
	var large []byte
	var found, stored bool
	r.buf, large, found, stored = s.worker.server.store.set(r.buf, args[1], args[2], how)
	switch {
	case how.old:
		return s.answer(large, found)
	case stored:
		r.status("OK")
	default:
		r.null()
	}
	return nil
}

// setting reads the options of SET.
func (s *session) setting(options [][]byte) (how setting, err error) {
	timed := false
	for i := 0; i < len(options); i++ {
		option := options[i]
		more := i+1 < len(options)
		switch {
		case isWord(option, "nx") && how.rule != ifPresent:
			how.rule = ifAbsent
		case isWord(option, "xx") && how.rule != ifAbsent:
			how.rule = ifPresent
		case isWord(option, "get"):
			how.old = true
		case isWord(option, "keepttl") && !timed:
			how.keepTTL = true
		case isWord(option, "ex") && more && !timed && !how.keepTTL:
			i++
			timed = true
			how.expires, err = s.expiry(options[i], 1000, 1, "set")
		case isWord(option, "px") && more && !timed && !how.keepTTL:
			i++
			timed = true
			how.expires, err = s.expiry(options[i], 1, 1, "set")
		default:
			return how, errSyntax
		}
		if err != nil {
			return how, err
		}
	}
	return how, nil
}

// getset is GETSET key value.
func (s *session) getset(args [][]byte) error {
	r := &s.worker.reply
	var large []byte
	var found bool
	r.buf, large, found, _ = s.worker.server.store.set(r.buf, args[1], args[2], setting{old: true})
	return s.answer(large, found)
}

// setnx is SETNX key value.
func (s *session) setnx(args [][]byte) error {
	_, _, _, stored := s.worker.server.store.set(nil, args[1], args[2], setting{rule: ifAbsent})
	s.worker.reply.flag(stored)
	return nil
}

// append is APPEND key value.
func (s *session) append(args [][]byte) error {
	srv := s.worker.server
	n, err := srv.store.extend(args[1], args[2], srv.config.MaxBulkBytes)
	if err == nil {
		s.worker.reply.integer(int64(n))
	}
	return err
}

// strlen is STRLEN key.
func (s *session) strlen(args [][]byte) error {
	n, _ := s.worker.server.store.size(args[1])
	s.worker.reply.integer(int64(n))
	return nil
}

// incr is INCR key.
func (s *session) incr(args [][]byte) error { return s.add(args[1], 1) }

// decr is DECR key.
func (s *session) decr(args [][]byte) error { return s.add(args[1], -1) }

// incrby is INCRBY key increment.
func (s *session) incrby(args [][]byte) error {
	n, ok := parseInt(args[2])
	if !ok {
		return errInteger
	}
	return s.add(args[1], n)
}

// decrby is DECRBY key decrement.
func (s *session) decrby(args [][]byte) error {
	n, ok := parseInt(args[2])
	if !ok {
		return errInteger
	}
	if n == math.MinInt64 { // which has no opposite
		return replyError("ERR decrement would overflow")
	}
	return s.add(args[1], -n)
}

func (s *session) add(key []byte, delta int64) error {
	sum, err := s.worker.server.store.add(key, delta)
	if err == nil {
		s.worker.reply.integer(sum)
	}
	return err
}
