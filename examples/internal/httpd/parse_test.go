//go:build linux

package httpd

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// header makes a header of lines, without the empty line at its end.
func header(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n")) }

const host = "Host: h"

// parsed gives what parse says to each header. The groups are: what passes; request lines; fields; bodies; the rest.
var parsed = []struct {
	in   []byte
	want int
}{
	{header("GET / HTTP/1.1", host), 0},
	{header("GET / HTTP/1.0"), 0},
	{header("GET / HTTP/1.7", host), 0},
	{header("GET / HTTP/1.7"), 400},
	{header("GET /?q HTTP/1.1", "HOST:h:80"), 0},
	{header("GET / HTTP/1.1", "Host: \t [::1]:80 \t"), 0},
	{header("GET / HTTP/1.1", "Host:"), 0},
	{header("GET http://h/x HTTP/1.1", host), 0},
	{header("GET HTTPS://h HTTP/1.1", host), 0},
	{header("GET http://h?x HTTP/1.1", host), 0},
	{header("OPTIONS * HTTP/1.1", host), 0},
	{header("CONNECT h:80 HTTP/1.1", host), 0},
	{header("GET / HTTP/1.1", host, "X:", "Y: a\tb \xff"), 0},
	{header("POST / HTTP/1.1", host, "Content-Length: 5"), 0},
	{header("POST / HTTP/1.1", host, "Content-Length: 5", "content-length: 05"), 0},
	{header("GET / HTTP/1.1", host, "Expect: 100-Continue"), 0},

	{header(""), 400},
	{header("GET"), 400},
	{header("GET /"), 400},
	{header("GET / "), 400},
	{header("GET  / HTTP/1.1", host), 400},
	{header("GET /  HTTP/1.1", host), 400},
	{header("GET / HTTP/1.1 ", host), 400},
	{header(" GET / HTTP/1.1", host), 400},
	{header("GET\t/\tHTTP/1.1", host), 400},
	{header("G(T / HTTP/1.1", host), 400},
	{header("GET /\x00 HTTP/1.1", host), 400},
	{header("GET /\xc3\xa4 HTTP/1.1", host), 400},
	{header("GET /#f HTTP/1.1", host), 400},
	{header("GET x HTTP/1.1", host), 400},
	{header("GET * HTTP/1.1", host), 400},
	{header("GET http:///x HTTP/1.1", host), 400},
	{header("GET http:// HTTP/1.1", host), 400},
	{header("GET http://u@h/x HTTP/1.1", host), 400},
	{header("GET ftp://h/x HTTP/1.1", host), 400},
	{header("GET / HTTP/1", host), 400},
	{header("GET / HTTP/1.10", host), 400},
	{header("GET / http/1.1", host), 400},
	{header("GET / HTTP/x.1", host), 400},
	{header("GET / HTTP/1,1", host), 400},

	{header("GET / HTTP/1.1"), 400},
	{header("GET / HTTP/1.1", host, host), 400},
	{header("GET / HTTP/1.0", host, "Host: i"), 400},
	{header("GET / HTTP/1.1", "Host: a b"), 400},
	{header("GET / HTTP/1.1", "Host: h/x"), 400},
	{header("GET / HTTP/1.1", host, " folded"), 400},
	{header("GET / HTTP/1.1", " folded", host), 400},
	{header("GET / HTTP/1.1", host, "\tfolded: x"), 400},
	{header("GET / HTTP/1.1", host, "X : y"), 400},
	{header("GET / HTTP/1.1", host, "X\t: y"), 400},
	{header("GET / HTTP/1.1", host, ": y"), 400},
	{header("GET / HTTP/1.1", host, "X"), 400},
	{header("GET / HTTP/1.1", host, "X@: y"), 400},
	{header("GET / HTTP/1.1", host, "X\xe4: y"), 400},
	{header("GET / HTTP/1.1", host, "X: a\x00b"), 400},
	{header("GET / HTTP/1.1", host, "X: a\nY: b"), 400},
	{header("GET / HTTP/1.1", host, "X: a\rY: b"), 400},
	{header("GET / HTTP/1.1", host, "X: a\r"), 400},
	{header("GET / HTTP/1.1\n" + host), 400},

	{header("POST / HTTP/1.1", host, "Content-Length: 5", "Content-Length: 6"), 400},
	{header("POST / HTTP/1.1", host, "Content-Length: 5, 5"), 400},
	{header("POST / HTTP/1.1", host, "Content-Length: +5"), 400},
	{header("POST / HTTP/1.1", host, "Content-Length: -5"), 400},
	{header("POST / HTTP/1.1", host, "Content-Length: 0x5"), 400},
	{header("POST / HTTP/1.1", host, "Content-Length: 5 5"), 400},
	{header("POST / HTTP/1.1", host, "Content-Length:"), 400},
	{header("POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "Content-Length: 5"), 400},
	{header("POST / HTTP/1.1", host, "Content-Length: 5", "Transfer-Encoding: chunked"), 400},
	{header("POST / HTTP/1.1", host, "Transfer-Encoding: chunked"), 501},
	{header("POST / HTTP/1.1", host, "Transfer-Encoding: identity"), 501},
	{header("POST / HTTP/1.0", "Transfer-Encoding:"), 501},

	{header("GET / HTTP/1.1", host, "Expect: 200-ok"), 417},
	{header("GET / HTTP/2.0", host), 505},
	{header("GET / HTTP/0.9"), 505},
	{header("PRI * HTTP/2.0"), 505},
	{header("GET /"+strings.Repeat("a", MaxTarget-1)+" HTTP/1.1", host), 0},
	{header("GET /"+strings.Repeat("a", MaxTarget)+" HTTP/1.1", host), 414},
}

func TestParse(t *testing.T) {
	for _, tt := range parsed {
		var r request
		if got := r.parse(tt.in); got != tt.want {
			t.Errorf("%.200q: %d, want %d", tt.in, got, tt.want)
		} else if got == 0 {
			if err := r.check(); err != nil {
				t.Errorf("%.200q: %v", tt.in, err)
			}
		}
	}
}

func TestParsed(t *testing.T) {
	var r request
	p := header("POST http://h:1/a%20b?c=d&e HTTP/1.1", "Host: x", "content-LENGTH: 12", "Expect: 100-continue",
		"Connection: a, keep-alive ,b", "Range: bytes=1-2", "If-Range: x", "If-Modified-Since: y", "If-None-Match: *")
	if status := r.parse(p); status != 0 {
		t.Fatal(status)
	}
	got := fmt.Sprintf("%d %d %s %s %d %v %v %v %v %s %s %s", r.method, r.minor, r.path, r.query, r.length,
		r.close, r.expect, r.saysKeep, r.noneMatch, r.ranges, r.ifRange, r.since)
	if want := fmt.Sprintf("%d 1 /a%%20b ?c=d&e 12 false true true true bytes=1-2 x y", methodPost); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestKeepAlive(t *testing.T) {
	for _, tt := range []struct {
		version, connection string
		close               bool
	}{
		{"1.1", "", false},
		{"1.1", "Close", true},
		{"1.1", "keep-alive", false},
		{"1.1", "x,close", true},
		{"1.1", "keep-alive, close", true},
		{"1.1", "closed", false},
		{"1.1", "clos\x45,", true},
		{"1.0", "", true},
		{"1.0", "Keep-Alive", false},
		{"1.0", "close, keep-alive", true},
	} {
		var r request
		lines := []string{"GET / HTTP/" + tt.version, "Host: h"}
		if tt.connection != "" {
			lines = append(lines, "Connection: "+tt.connection)
		}
		if status := r.parse(header(lines...)); status != 0 || r.close != tt.close {
			t.Errorf("%s %q: status %d, close %v", tt.version, tt.connection, status, r.close)
		}
	}
}

// TestChars compares the classes with the characters that the RFCs list.
func TestChars(t *testing.T) {
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	sets := map[uint8]string{
		tokenChar: alnum + "!#$%&'*+-.^_`|~",
		hostChar:  alnum + "-._~!$&'()*+,;=:%[]",
		plainChar: alnum + "-._~",
	}
	for i := range 256 {
		c := byte(i)
		for class, set := range sets {
			if got, want := chars[c]&class != 0, strings.IndexByte(set, c) >= 0; got != want {
				t.Errorf("%q in class %d: %v", c, class, got)
			}
		}
		if got, want := chars[c]&valueChar != 0, c == '\t' || c >= 32 && c != 127; got != want {
			t.Errorf("%q in a value: %v", c, got)
		}
		if got, want := chars[c]&targetChar != 0, c > 32 && c < 127 && c != '#'; got != want {
			t.Errorf("%q in a target: %v", c, got)
		}
	}
}

// TestAll: one byte out of the class is found wherever it stands.
func TestAll(t *testing.T) {
	for n := range 20 {
		p := bytes.Repeat([]byte("a"), n)
		if !all(p, tokenChar) {
			t.Errorf("%q is refused", p)
		}
		for i := range p {
			p[i] = ' '
			if all(p, tokenChar) {
				t.Errorf("%q passes", p)
			}
			p[i] = 'a'
		}
	}
}
