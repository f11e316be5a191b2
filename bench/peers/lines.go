package main

import "bytes"

// lines answers each line with the same line.
type lines struct {
	searched int // so many bytes at the front of what was not taken hold no end of a line
}

// next takes the first line, with the CR LF that ends it. A lone CR or LF is part of a line.
func (l *lines) next(data []byte) (reply []byte, taken int, last bool) {
	for from := l.searched; ; {
		i := bytes.IndexByte(data[from:], '\n')
		if i < 0 {
			l.searched = len(data)
			return nil, 0, len(data) >= maxElement
		}
		from += i + 1
		if from > 1 && data[from-2] == '\r' {
			l.searched = 0
			return data[:from], from, false
		}
	}
}

// answer takes all lines that are whole.
func (l *lines) answer(out, data []byte) (reply []byte, taken int, last bool) {
	for {
		reply, n, last := l.next(data[taken:])
		if n == 0 {
			return out, taken, last
		}
		out = append(out, reply...)
		taken += n
	}
}
