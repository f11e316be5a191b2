package main

import (
	"errors"
	"testing"
)

func TestParseRequest(t *testing.T) {
	for _, c := range []struct {
		head string
		body int64
		last bool
	}{
		{"GET / HTTP/1.1\r\n\r\n", 0, false},
		{"GET / HTTP/1.0\r\n\r\n", 0, true},
		{"OPTIONS * HTTP/1.1\r\nHost:a\r\n\r\n", 0, false},
		{"POST /x HTTP/1.1\r\nContent-Length: 12\r\n\r\n", 12, false},
		{"POST /x HTTP/1.1\r\nCONTENT-LENGTH:12  \r\nContent-length:\t12\r\n\r\n", 12, false},
		{"POST /x HTTP/1.1\r\ncontent-length: 9223372036854775807\r\n\r\n", 1<<63 - 1, false},
		{"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 0, true},
		{"GET / HTTP/1.1\r\nconnection:CLOSE\r\n\r\n", 0, true},
		{"GET / HTTP/1.1\r\nConnection: keep-alive\r\nConnection: a ,close,b\r\n\r\n", 0, true},
		{"GET / HTTP/1.1\r\nConnection: closed\r\nConnectiom: close\r\nConnection-: close\r\n\r\n", 0, false},
		{"GET / HTTP/1.1\r\nA: Connection: close\r\nContent-Lengths: 3\r\nB:\r\n\r\n", 0, false},
	} {
		for i := range c.head {
			if _, err := parseRequest([]byte(c.head[:i])); err != errMore {
				t.Errorf("%q: %v", c.head[:i], err)
			}
		}
		for _, rest := range []string{"", "\r\n", "GET"} {
			r, err := parseRequest([]byte(c.head + rest))
			if err != nil || r != (request{len(c.head), c.body, c.last}) {
				t.Errorf("%q: %+v, %v", c.head+rest, r, err)
			}
		}
	}
}

// TestParseWrongRequest demands an error as soon as the line that is wrong has ended, and not before.
func TestParseWrongRequest(t *testing.T) {
	const first = "GET / HTTP/1.1\r\n"
	for _, head := range []string{
		"\r\n",
		"\n",
		"GET\r\n",
		"GET /\r\n",
		"GET / HTTP/1.1\n",
		"GET  HTTP/1.1\r\n",
		" / HTTP/1.1\r\n",
		"GET / / HTTP/1.1\r\n",
		"GET / HTTP/2.0\r\n",
		"GET /HTTP/1.1\r\n",
		first + "\n",
		first + "Host\r\n",
		first + ": a\r\n",
		first + "Host : a\r\n",
		first + " Host: a\r\n",
		first + "Content-Length: \r\n",
		first + "Content-Length: -1\r\n",
		first + "Content-Length: +1\r\n",
		first + "Content-Length: 1 2\r\n",
		first + "Content-Length: 9223372036854775808\r\n",
		first + "Content-Length: 1\r\nContent-Length: 2\r\n",
		first + "Transfer-Encoding: chunked\r\n",
	} {
		for i := range head {
			if _, err := parseRequest([]byte(head[:i])); err != errMore {
				t.Errorf("%q: %v", head[:i], err)
			}
		}
		if _, err := parseRequest([]byte(head)); !errors.Is(err, errRequest) {
			t.Errorf("%q: %v", head, err)
		}
	}
}

// BenchmarkParseRequest shows that the parser makes no garbage and costs little beside a system call.
func BenchmarkParseRequest(b *testing.B) {
	data := []byte(post("Content-Length", 0))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseRequest(data); err != nil {
			b.Fatal(err)
		}
	}
}
