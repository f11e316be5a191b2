//go:build linux

package httpd

import "bytes"

// method is what this server tells apart.
type method uint8

const (
	methodNone method = iota // no request line was read
	methodGet
	methodHead
	methodPost
	methodOther   // of RFC 9110 section 9 or RFC 5789, and never allowed here
	methodUnknown // any other
)

// request is a parsed header. Its slices lie in the bytes that were parsed.
//
// Invariant: after parse returned 0, path is not empty, length is -1 or the one Content-Length, and close
// says whether the connection ends with the reply.
type request struct {
	method method
	minor  uint8  // of the version HTTP/1.minor, 1 at most
	path   []byte // of the target, escaped as it came, without the query
	query  []byte // of the target, with its question mark
	length int64  // of the body in bytes; -1: no Content-Length
	close  bool   // the connection ends after the reply

	hosts     int    // Host fields
	chunked   bool   // there is a Transfer-Encoding
	expect    bool   // 100-continue
	saysClose bool   // Connection: close
	saysKeep  bool   // Connection: keep-alive
	noneMatch bool   // there is an If-None-Match
	unlessAny bool   // and it is *
	since     []byte // If-Modified-Since
	ranges    []byte // Range
	ifRange   []byte // If-Range
}

// parse reads a header, from the request line to the last field, without the empty line at its end. It returns 0, or
// the status to refuse it with. It takes time linear in p, and does not allocate.
func (r *request) parse(p []byte) (status int) {
	r.length = -1
	line, rest, ok := cutLine(p)
	if !ok {
		return 400
	}
	if status = r.parseLine(line); status != 0 {
		return status
	}
	for rest != nil {
		if line, rest, ok = cutLine(rest); !ok {
			return 400
		}
		if status = r.parseField(line); status != 0 {
			return status
		}
	}
	return r.judge()
}

// cutLine cuts p behind its first CR LF; rest is nil if there is none. A CR on its own is not ok; an LF on its own
// is in no class of characters.
func cutLine(p []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(p, '\r')
	if i < 0 {
		return p, nil, true
	}
	if i+1 == len(p) || p[i+1] != '\n' {
		return nil, nil, false
	}
	return p[:i], p[i+2:], true
}

// parseLine reads the request line (RFC 9112 section 3).
func (r *request) parseLine(line []byte) (status int) {
	first := bytes.IndexByte(line, ' ')
	last := bytes.LastIndexByte(line, ' ')
	if first <= 0 || last <= first+1 {
		return 400
	}
	name, target, version := line[:first], line[first+1:last], line[last+1:]
	if !all(name, tokenChar) || !all(target, targetChar) {
		return 400
	}
	if status = r.parseVersion(version); status != 0 {
		return status
	}
	if len(target) > MaxTarget {
		return 414
	}
	r.method = methodOf(name)
	return r.parseTarget(target)
}

func methodOf(name []byte) method {
	switch string(name) {
	case "GET":
		return methodGet
	case "HEAD":
		return methodHead
	case "POST":
		return methodPost
	case "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH":
		return methodOther
	}
	return methodUnknown
}

func (r *request) parseVersion(v []byte) (status int) {
	if len(v) != len("HTTP/1.1") || string(v[:5]) != "HTTP/" || v[6] != '.' || !isDigit(v[5]) || !isDigit(v[7]) {
		return 400
	}
	if v[5] != '1' {
		return 505
	}
	r.minor = min(v[7]-'0', 1) // RFC 9110 section 2.5: a higher minor version is met with our highest
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// judge refuses what the fields together rule out, and settles whether the connection goes on.
func (r *request) judge() (status int) {
	switch {
	case r.chunked && r.length >= 0: // request smuggling: RFC 9112 section 6.1
		return 400
	case r.hosts == 0 && r.minor > 0: // RFC 9112 section 3.2
		return 400
	case r.chunked:
		return 501
	}
	r.close = r.saysClose || r.minor == 0 && !r.saysKeep
	return 0
}
