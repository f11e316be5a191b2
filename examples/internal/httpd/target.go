//go:build linux

package httpd

import "bytes"

// parseTarget splits the target into path and query (RFC 9112 section 3.2). Of the absolute form, which a
// server must take as well, the authority is dropped: this server has one site. The asterisk and authority
// forms belong to methods that are not allowed here, and are left as they are.
func (r *request) parseTarget(target []byte) (status int) {
	if target[0] != '/' {
		if i := bytes.Index(target, schemeEnd); i > 0 && isHTTP(target[:i]) {
			authority, rest := target[i+len(schemeEnd):], []byte(nil)
			if end := bytes.IndexAny(authority, "/?"); end >= 0 {
				authority, rest = authority[:end], authority[end:]
			}
			if len(authority) == 0 || !all(authority, hostChar) {
				return 400 // no host, or a name and password in it
			}
			target = rest
		} else if r.method != methodOther {
			return 400
		}
	}
	r.path = target
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		r.path, r.query = target[:i], target[i:]
	}
	if len(r.path) == 0 {
		r.path = slash
	}
	return 0
}

var (
	schemeEnd = []byte("://")
	slash     = []byte("/")
)

func isHTTP(scheme []byte) bool {
	return bytes.EqualFold(scheme, []byte("http")) || bytes.EqualFold(scheme, []byte("https"))
}

// hasPath tells the forms of a target that name a resource of this server from the others.
func (r *request) hasPath() bool { return r.path[0] == '/' }

// appendClean appends to dst the name that path, which begins with a slash, has below the root: unescaped, and
// without empty and "." segments. The name is relative, has no slash at either end, and is empty for the root.
// dir tells that path ended with a slash.
//
// status is 400 for a bad escape or a NUL, and 404 for a segment that could mean something else to the file
// system than it means here: "..", and one with a backslash or an escaped slash.
func appendClean(dst, path []byte) (name []byte, dir bool, status int) {
	base := len(dst)
	for len(path) > 0 {
		path = path[1:] // the slash
		segment := path
		if i := bytes.IndexByte(path, '/'); i >= 0 {
			segment, path = path[:i], path[i:]
		} else {
			path = nil
		}
		start := len(dst)
		if start > base {
			dst = append(dst, '/')
		}
		from := len(dst)
		var refused int
		if dst, refused = appendUnescaped(dst, segment); refused == 400 {
			return dst, false, refused
		}
		status = max(status, refused)
		dir = false
		switch string(dst[from:]) {
		case "", ".":
			dst, dir = dst[:start], true
		case "..":
			status = max(status, 404)
		}
	}
	return dst, dir, status
}

// appendUnescaped appends segment with its %XX replaced (RFC 3986 section 2.1). The statuses are those of
// appendClean.
func appendUnescaped(dst, segment []byte) (out []byte, status int) {
	for i := 0; i < len(segment); i++ {
		c := segment[i]
		if c == '%' {
			if i+2 >= len(segment) {
				return dst, 400
			}
			high, low := unhex(segment[i+1]), unhex(segment[i+2])
			if high|low > 15 {
				return dst, 400
			}
			c = high<<4 | low
			i += 2
		}
		switch c {
		case 0:
			return dst, 400
		case '/', '\\':
			status = 404
		}
		dst = append(dst, c)
	}
	return dst, status
}

// unhex gives the value of a hexadecimal digit, and 255 for what is none.
func unhex(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// appendEscaped appends a name with all but slashes and unreserved characters escaped, so that it can stand in
// a header and in HTML.
func appendEscaped(dst []byte, name string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(name) {
		if c := name[i]; c == '/' || chars[c]&plainChar != 0 {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}
