//go:build linux

package smtpd

import (
	"errors"
	"strconv"
	"strings"
)

// maxPath is the longest path, in bytes (RFC 5321 section 4.5.3.1.3).
const maxPath = 256

// cutPath takes a path in angle brackets off the front of s, which may begin with spaces, and returns the address without a
// source route (RFC 5321 section 4.1.2, appendix C).
func cutPath(s string) (address, rest string, ok bool) {
	s = strings.TrimLeft(s, " ")
	if !strings.HasPrefix(s, "<") {
		return "", "", false
	}
	quoted, escaped := false, false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] < ' ' || s[i] > '~' || i > maxPath:
			return "", "", false
		case escaped:
			escaped = false
		case s[i] == '\\' && quoted:
			escaped = true
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '>' && !quoted:
			address, rest = s[1:i], s[i+1:]
			if strings.HasPrefix(address, "@") {
				_, address, ok = strings.Cut(address, ":")
				return address, rest, ok && address != ""
			}
			return address, rest, rest == "" || rest[0] == ' '
		}
	}
	return "", "", false
}

// deliverable tells whether address is one of a recipient.
func deliverable(address string) bool {
	at := strings.LastIndexByte(address, '@')
	return at > 0 && at < len(address)-1 || strings.EqualFold(address, "postmaster")
}

// mailParameters looks at the parameters of MAIL: SIZE (RFC 1870), BODY (RFC 6152). It returns the reply that refuses them,
// or "".
func mailParameters(s string, max int64) string {
	for _, p := range strings.Fields(s) {
		key, value, _ := strings.Cut(p, "=")
		switch strings.ToUpper(key) {
		case "SIZE":
			n, err := strconv.ParseUint(value, 10, 63)
			switch {
			case err != nil && !errors.Is(err, strconv.ErrRange):
				return "501 SIZE is no number"
			case err != nil || int64(n) > max:
				return "552 the message is too long"
			}
		case "BODY":
			if v := strings.ToUpper(value); v != "7BIT" && v != "8BITMIME" {
				return "501 BODY is neither 7BIT nor 8BITMIME"
			}
		default:
			return "555 a parameter is not known"
		}
	}
	return ""
}
