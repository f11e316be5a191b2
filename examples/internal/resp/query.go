//go:build linux

package resp

// query is a command as it arrives: its arguments one behind the other in one buffer.
//
// Invariant: ends rises, from 0 on, to at most len(buf); what stands behind the last end is the argument that arrives.
type query struct {
	buf  []byte
	ends []int
}

// add appends a piece of the argument that arrives.
func (q *query) add(p []byte) { q.buf = append(q.buf, p...) }

// end ends the argument that arrives.
func (q *query) end() { q.ends = append(q.ends, len(q.buf)) }

// endBulk ends the argument that arrives and cuts its CRLF off; false if it has none.
func (q *query) endBulk() bool {
	n := len(q.buf)
	if n < 2 || q.buf[n-2] != '\r' || q.buf[n-1] != '\n' {
		return false
	}
	q.buf = q.buf[:n-2]
	q.end()
	return true
}

// arguments appends the arguments to dst. They are slices of the query's buffer, and valid until it is recycled.
func (q *query) arguments(dst [][]byte) [][]byte {
	start := 0
	for _, end := range q.ends {
		dst = append(dst, q.buf[start:end:end])
		start = end
	}
	return dst
}
