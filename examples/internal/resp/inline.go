//go:build linux

package resp

// split takes the words of an inline command as arguments. Words are parted by white space; within double quotes \xHH and the
// escapes of C stand for bytes, within single quotes only \'. A closing quote must end its word. It reports
// false for a quote without its partner. The rules are those of sdssplitargs in Redis.
func (q *query) split(line []byte) bool {
	for {
		for len(line) > 0 && isSpace(line[0]) {
			line = line[1:]
		}
		if len(line) == 0 {
			return true
		}
		n, ok := q.word(line)
		if !ok {
			return false
		}
		q.end()
		line = line[n:]
	}
}

// word adds the word that line begins with and returns the bytes it takes up there.
func (q *query) word(line []byte) (n int, ok bool) {
	for n < len(line) && !isSpace(line[n]) {
		quote := line[n]
		if quote != '"' && quote != '\'' {
			q.buf = append(q.buf, quote)
			n++
			continue
		}
		width, ok := q.quoted(line[n+1:], quote)
		n += 1 + width
		if !ok || n < len(line) && !isSpace(line[n]) {
			return n, false
		}
	}
	return n, true
}

// quoted adds what stands before the closing quote in s and returns the bytes up to and with it.
func (q *query) quoted(s []byte, quote byte) (n int, ok bool) {
	for n < len(s) {
		switch b := s[n]; {
		case b == quote:
			return n + 1, true
		case b == '\\' && quote == '"' && n+1 < len(s):
			b, width := unescape(s[n+1:])
			q.buf = append(q.buf, b)
			n += 1 + width
		case b == '\\' && n+1 < len(s) && s[n+1] == '\'':
			q.buf = append(q.buf, '\'')
			n += 2
		default:
			q.buf = append(q.buf, b)
			n++
		}
	}
	return n, false
}

// unescape returns the byte that s, which follows a backslash, begins with, and the bytes that it takes up in s.
func unescape(s []byte) (b byte, width int) {
	switch s[0] {
	case 'x':
		if len(s) >= 3 && hexDigit(s[1]) >= 0 && hexDigit(s[2]) >= 0 {
			return byte(hexDigit(s[1])<<4 | hexDigit(s[2])), 3
		}
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'b':
		return '\b', 1
	case 'a':
		return '\a', 1
	}
	return s[0], 1
}

func hexDigit(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' || b == 0 }
