//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"
)

// responses are streams, and what is made of them: the body and, if it is not whole, the error.
var responses = []struct{ stream, body, says string }{
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", ""},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, more", "hello", ""},
	{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", ""},
	{"HTTP/1.1 204 No Content\r\n\r\n", "", ""},
	{"HTTP/1.0 200 OK\nServer: old\n\nto the end\r\n\r\n", "to the end\r\n\r\n", ""},
	{"HTTP/1.1 200 OK\r\n\r\n", "", ""},
	{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", ""},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"5\r\nhello\r\n8;a=b\r\n, world\n\r\n0\r\nX: y\r\nZ: z\r\n\r\n", "hello, world\n", ""},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA \r\n\r\n\r\n0\r\n\r\n\r\n00\r\n\r\n", "\r\n\r\n0\r\n\r\n\r", "longer"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", ""},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nx\r\n0\r\n\r\n", "x", ""},

	{"", "", "an empty reply"},
	{"HTTP/1.1 200 OK\r\n", "", "head of the response is cut short"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "hell", "body is cut short"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello", "body is cut short"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "hello", "body is cut short"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello", "", `"-5" is no size`},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "", `"" is no size`},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n", "", "is no size"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx", "", "gzip"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "", "Content-Length"},
	{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "", "Content-Length"},
	{"SSH-2.0-x\r\n\r\n", "", "malformed HTTP"},
	{"HTTP/1.1 2000 OK\r\n\r\n", "", "malformed HTTP"},
	{"HTTP/1.1 301 Moved Permanently\r\nLocation: https://h/\r\n\r\n", "", `301 Moved Permanently, to "https://h/"`},
	{"HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx", "", "500 No"},
	{"HTTP/1.1 101 Switching Protocols\r\n\r\nx", "", "101 Switching"},
	{"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", maxHead/6), "", "longer than"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("X: y\r\n", maxHead/4), "", "longer than"},
}

// take feeds the parts of a stream, and its end.
func take(parts ...string) (body string, err error) {
	var r response
	r.init(func(p []byte) error {
		body += string(p)
		return nil
	})
	for _, p := range parts {
		if err := r.feed([]byte(p)); err != nil {
			return body, err
		}
	}
	return body, r.end()
}

// TestResponse feeds every stream whole, cut at every place, and byte by byte.
func TestResponse(t *testing.T) {
	for _, tt := range responses {
		check := func(how string, parts ...string) {
			t.Helper()
			body, err := take(parts...)
			if body != tt.body || (err == nil) != (tt.says == "") || !strings.Contains(fmt.Sprint(err), tt.says) && err != nil {
				t.Fatalf("%.200q, %s: %q, %v; want %q, %q", tt.stream, how, body, err, tt.body, tt.says)
			}
		}
		check("whole", tt.stream)
		check("byte by byte", strings.Split(tt.stream, "")...)
		for i := 0; i < len(tt.stream) && len(tt.stream) < maxHead; i++ {
			check(fmt.Sprint("cut at ", i), tt.stream[:i], tt.stream[i:])
		}
	}
}

// Heads of status 1xx are bounded, and what a server says commands no terminal.
func TestHostileHeads(t *testing.T) {
	interim := strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10_000)
	if _, err := take(interim + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err == nil {
		t.Error("10,000 heads before the response were taken")
	}
	if _, err := take(interim[:len(interim)/1000] + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Error(err)
	}
	if got := printable("404 \x1b]0;owned\a\x1b[2J\n"); got != "404 \uFFFD]0;owned\uFFFD\uFFFD[2J\n" {
		t.Errorf("%q", got)
	}
}
