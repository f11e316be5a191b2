//go:build linux

package httpd

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// unmodified tells whether the client's copy of what was modified at that time is good still (RFC 9110 section
// 13.1.3). An If-None-Match stands above If-Modified-Since. Its * is whatever there is, and the rest matches
// nothing here, where there are no entity tags (section 13.1.2).
func (r *request) unmodified(modified time.Time) bool {
	if r.since == nil || r.noneMatch {
		return r.unlessAny
	}
	since, ok := parseTime(r.since)
	return ok && !modified.Truncate(time.Second).After(since)
}

// What a Range asks for.
type rangeKind uint8

const (
	rangeNone   rangeKind = iota // everything: no range, or one that is ignored
	rangePart                    // a part
	rangeBeyond                  // nothing that is there
)

// parseRange reads a Range of a file of size bytes (RFC 9110 section 14.1.2), and returns the part it asks
// for. What is not well formed, or has several ranges, is ignored, as section 14.2 allows: the part is the
// whole then.
func parseRange(p []byte, size int64) (off, n int64, kind rangeKind) {
	const unit = "bytes="
	if len(p) < len(unit) || !bytes.EqualFold(p[:len(unit)], []byte(unit)) {
		return 0, size, rangeNone
	}
	p = trimSpace(p[len(unit):])
	dash := bytes.IndexByte(p, '-')
	if dash < 0 {
		return 0, size, rangeNone
	}
	first, isFirst := parseDigits(p[:dash])
	last, isLast := parseDigits(p[dash+1:])
	switch {
	case dash == 0 && isLast: // the last bytes
		n = min(last, size)
		if n == 0 {
			return 0, 0, rangeBeyond
		}
		return size - n, n, rangePart
	case isFirst && dash == len(p)-1: // from first on
		last = math.MaxInt64
	case !isFirst || !isLast || last < first:
		return 0, size, rangeNone
	}
	if first >= size {
		return 0, 0, rangeBeyond
	}
	return first, min(last, size-1) - first + 1, rangePart
}

// appendContentRange appends the value of Content-Range for n bytes from off on; off < 0 stands for no part
// (RFC 9110 section 14.4).
func appendContentRange(dst []byte, off, n, size int64) []byte {
	dst = append(dst, "bytes "...)
	if off < 0 {
		dst = append(dst, '*')
	} else {
		dst = strconv.AppendInt(dst, off, 10)
		dst = append(dst, '-')
		dst = strconv.AppendInt(dst, off+n-1, 10)
	}
	return strconv.AppendInt(append(dst, '/'), size, 10)
}
