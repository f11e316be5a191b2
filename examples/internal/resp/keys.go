//go:build linux

package resp

import (
	"math"
	"strconv"
)

// del is DEL and UNLINK key [key ...].
func (s *session) del(args [][]byte) error {
	n := int64(0)
	for _, key := range args[1:] {
		if s.worker.server.store.remove(key) {
			n++
		}
	}
	s.worker.reply.integer(n)
	return nil
}

// exists is EXISTS key [key ...]; a key given twice counts twice.
func (s *session) exists(args [][]byte) error {
	n := int64(0)
	for _, key := range args[1:] {
		if _, found := s.worker.server.store.size(key); found {
			n++
		}
	}
	s.worker.reply.integer(n)
	return nil
}

// kind is TYPE key.
func (s *session) kind(args [][]byte) error {
	if _, found := s.worker.server.store.size(args[1]); found {
		s.worker.reply.status("string")
	} else {
		s.worker.reply.status("none")
	}
	return nil
}

// dbsize is DBSIZE.
func (s *session) dbsize([][]byte) error {
	keys, _ := s.worker.server.store.count()
	s.worker.reply.integer(int64(keys))
	return nil
}

// flush is FLUSHDB and FLUSHALL [ASYNC | SYNC].
func (s *session) flush(args [][]byte) error {
	if len(args) > 2 || len(args) == 2 && !isWord(args[1], "async") && !isWord(args[1], "sync") {
		return errSyntax
	}
	s.worker.server.store.flush()
	s.worker.reply.status("OK")
	return nil
}

// keys is KEYS pattern. The reply is a producer, so that any number of keys leaves as fast as the client takes it. Until
// it has left nothing more is delivered, so that a client which does not read holds one list at most.
func (s *session) keys(args [][]byte) error {
	if len(args[1]) > patternMax {
		return errPattern
	}
	var found []string
	s.worker.server.store.scan(0, math.MaxInt, func(key string) {
		if glob(args[1], key) {
			found = append(found, key)
		}
	})
	s.conn.Pause()
	err := s.conn.PushProducer(&listing{keys: found, done: s.conn.Resume})
	if err != nil {
		s.conn.Resume()
	}
	return err
}

// scan is SCAN cursor [MATCH pattern] [COUNT count] [TYPE type].
func (s *session) scan(args [][]byte) error {
	cursor, err := strconv.ParseUint(string(args[1]), 10, 64)
	if err != nil {
		return errCursor
	}
	count, pattern, any := int64(10), []byte("*"), true
	for options := args[2:]; len(options) > 0; options = options[2:] {
		if len(options) < 2 {
			return errSyntax
		}
		switch value := options[1]; {
		case isWord(options[0], "match"):
			pattern = value
		case isWord(options[0], "type"):
			any = isWord(value, "string")
		case isWord(options[0], "count"):
			n, ok := parseInt(value)
			if !ok {
				return errInteger
			}
			if n < 1 {
				return errSyntax
			}
			count = n
		default:
			return errSyntax
		}
	}
	if len(pattern) > patternMax {
		return errPattern
	}
	var found []string
	next := s.worker.server.store.scan(cursor, int(min(count, math.MaxInt32)), func(key string) {
		if any && glob(pattern, key) {
			found = append(found, key)
		}
	})
	r := &s.worker.reply
	r.array(2)
	r.text(strconv.FormatUint(next, 10))
	r.array(len(found))
	for _, key := range found {
		r.text(key)
	}
	return nil
}
