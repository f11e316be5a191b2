package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// hello is a reply with further headers.
func hello(headers ...string) string {
	return "HTTP/1.1 200 OK\r\n" + strings.Join(append(headers, ""), "\r\n") + "Content-Length: 13\r\n\r\n" + body
}

// dated is hello n, with a Date of its own.
func dated(n int) string {
	date := time.Unix(1_700_000_000+int64(n), 0).UTC().Format(dateLayout)
	return hello("Server: test", "dAtE: "+date)
}

func TestHTTPCounts(t *testing.T) {
	for name, reply := range map[string]func(n int) string{
		"same":        func(int) string { return hello() },
		"dated":       dated,
		"dated later": func(n int) string { return dated(n / 100) },
		"other case": func(n int) string {
			return []string{
				"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n" + body,
				"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:\t13 \r\nX-Empty:\r\n\r\n" + body,
				"HTTP/1.1 200\r\nConnection: keep-alive\r\nContent-Length:13\r\n\r\n" + body,
				"HTTP/1.1 200 all is well\r\nX: Content-Length: 12\r\nContent-Length: 13\r\n\r\n" + body,
			}[n%4]
		},
	} {
		t.Run(name, func(t *testing.T) {
			var read counter
			addr := serve(t, read.counted(requests(reply, 1000)))
			r := well(t, "-addr", addr, "-mode", "http", "-conns", "3", "-depth", "16", "-messages", "2000")
			demand(t, r, 2000)
			if r.Size < 200 || r.Size > 300 || read.Load()%int64(r.Size) != 0 {
				t.Errorf("requests of %d bytes, the server has got %d", r.Size, read.Load())
			}
		})
	}
}

func TestHTTPInPieces(t *testing.T) {
	for _, piece := range []int{1, 2, 7, 100} {
		addr := serve(t, requests(dated, piece))
		demand(t, well(t, "-addr", addr, "-mode", "http", "-conns", "2", "-depth", "5", "-messages", "100"), 100)
	}
}

func TestHTTPFaults(t *testing.T) {
	for name, tc := range map[string]struct{ reply, tells string }{
		"status":      {strings.Replace(hello(), "200 OK", "404 Not Found", 1), `status line is "HTTP/1.1 404 Not Found"`},
		"2000":        {strings.Replace(hello(), "200 OK", "2000", 1), "status line"},
		"version":     {strings.Replace(hello(), "/1.1", "/1.0", 1), "status line"},
		"body":        {strings.Replace(hello(), "World", "world", 1), `the body is "Hello, world!"`},
		"length":      {strings.Replace(hello(), "13", "12", 1), "not the length"},
		"no length":   {"HTTP/1.1 200 OK\r\n\r\n" + body, "no Content-Length"},
		"two lengths": {hello("content-length: 13"), "a second one"},
		"chunked":     {hello("Transfer-Encoding: chunked"), "Transfer-Encoding"},
		"close":       {hello("Connection: Close"), "not keep"},
		"date":        {hello("Date: Mon, 99 Jan 2024 00:00:00 GMT"), "no date"},
		"no colon":    {hello("what"), "no name and colon"},
		"name":        {hello("a b: c"), "no name and colon"},
		"folded":      {hello("a: b", " c"), "no name and colon"},
		"control":     {hello("a: b\x01"), "control character"},
		"long":        {hello("a: " + strings.Repeat("x", maxHead)), "head has more than"},
		"no lines":    {strings.Repeat("x", maxHead+100), "head has more than"},
		"twice":       {hello() + hello(), "2 requests were sent"},
		"more":        {hello() + "H", "2 requests were sent"},
		"nothing":     {"", "stop short"},
		"half":        {hello()[:30], "stop short"},
		"half a body": {hello()[:len(hello())-3], "stop short"},
	} {
		t.Run(name, func(t *testing.T) {
			addr := serve(t, requests(func(n int) string {
				if n == 1 {
					return tc.reply
				}
				return hello()
			}, 1<<20))
			l := patience
			if tc.tells == "stop short" {
				l = haste
			}
			badly(t, l, []string{"connection 0", tc.tells}, "-addr", addr, "-mode", "http", "-duration", "10ms")
		})
	}
}

// What is wrong in the midst of a pipeline is found where it is.
func TestHTTPFaultInPipeline(t *testing.T) {
	for name, change := range map[string]func(s string) string{
		"corrupted":  func(s string) string { return strings.Replace(s, "Hello", "hello", 1) },
		"dropped":    func(s string) string { return s[:len(s)-1] },
		"duplicated": func(s string) string { return s + "!" },
		"header":     func(s string) string { return strings.Replace(s, "Server:", "Server\x00", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			addr := serve(t, requests(func(n int) string {
				if n == 333 {
					return change(dated(0))
				}
				return dated(0)
			}, 1<<20))
			// An extra byte is seen after reply 333 or as the begin of reply 334.
			badly(t, patience, []string{"connection 0: ", " 33"}, "-addr", addr, "-mode", "http", "-depth", "8", "-messages", "10000")
		})
	}
}

func TestHTTPCloses(t *testing.T) {
	addr := serve(t, func(_ int, nc net.Conn) {
		for n := range 10 {
			if _, err := nc.Read(make([]byte, 1000)); err != nil {
				return
			}
			fmt.Fprint(nc, dated(n))
		}
	})
	badly(t, patience, []string{"connection 0: after byte"}, "-addr", addr, "-mode", "http", "-messages", "1000")
}

// Every beginning of a reply is incomplete, and none is wrong.
func TestParseReplyCut(t *testing.T) {
	whole := dated(0)
	for n := range len(whole) {
		if got, err := parseReply([]byte(whole[:n])); got != 0 || err != nil {
			t.Errorf("%q: %d, %v", whole[:n], got, err)
		}
	}
	if got, err := parseReply([]byte(whole + whole)); got != len(whole) || err != nil {
		t.Errorf("%d, %v", got, err)
	}
}
