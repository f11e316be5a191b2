//go:build linux

package httpd

// Classes of bytes, in chars.
const (
	tokenChar  = 1 << iota // of a method or a field's name (RFC 9110 section 5.6.2)
	valueChar              // of a field's value: visible, space, tab, obs-text (RFC 9110 section 5.5)
	targetChar             // of a request target: visible ASCII but '#', which begins what is never sent
	hostChar               // of a host and port (RFC 3986 section 3.2.2)
	plainChar              // unreserved: stands for itself in a path (RFC 3986 section 2.3)
)

// chars gives the classes of each byte. Immutable.
var chars = func() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		digit := c >= '0' && c <= '9'
		if letter || digit {
			t[i] |= tokenChar | hostChar | plainChar
		}
		if c == '\t' || c >= ' ' && c != 0x7f {
			t[i] |= valueChar
		}
		if c > ' ' && c < 0x7f && c != '#' {
			t[i] |= targetChar
		}
	}
	add := func(class uint8, set string) {
		for i := range len(set) {
			t[set[i]] |= class
		}
	}
	add(tokenChar, "!#$%&'*+-.^_`|~")
	add(hostChar, "-._~!$&'()*+,;=:%[]")
	add(plainChar, "-._~")
	return t
}()

// all reports whether every byte of p is of class.
func all(p []byte, class uint8) bool {
	for ; len(p) >= 4; p = p[4:] { // one branch for four
		if chars[p[0]]&chars[p[1]]&chars[p[2]]&chars[p[3]]&class == 0 {
			return false
		}
	}
	for _, c := range p {
		if chars[c]&class == 0 {
			return false
		}
	}
	return true
}

// same reports whether name, a token, is lower in any case. lower has only letters and hyphens: with 0x20
// added no other character of a token becomes one of them.
func same(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}
