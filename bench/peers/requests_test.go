package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// get is a request as a browser begins it, with other headers around those that matter.
const get = "GET /a?b=c HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: keep-alive\r\nX-Empty:\r\n\r\n"

// post returns a request with a body of n bytes, which looks like more requests.
func post(length string, n int) string {
	body := strings.Repeat(get, n/len(get)+1)[:n]
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: localhost\r\n%s: %d\r\n\r\n%s", length, n, body)
}

// bye is a request after which the connection is to be closed.
const bye = "GET / HTTP/1.1\r\nHOST: localhost\r\ncOnNeCtIoN: x, Close\r\n\r\n"

func TestHTTP(t *testing.T) {
	forEach(t, modeHTTP, func(t *testing.T, s *server) {
		c := s.dial(t)
		atEveryCut(t, c, []byte(get+post("content-LENGTH", 9)), func() { expectReplies(t, s, c, 2) })
		write(t, c, []byte(strings.Repeat(get, 1000)))
		expectReplies(t, s, c, 1000)
		write(t, c, []byte(post("CONTENT-LENGTH", 300_000)+get+post("content-length", 0)+get))
		expectReplies(t, s, c, 4)
		answeredBeforeTheNext(t, s, c)
		twoClients(t, s, func(i int) string { return post("Content-length", i) }, func(c *client, _ string) {
			expectReplies(t, s, c, 1)
		})
		write(t, c, []byte(get+bye))
		expectReplies(t, s, c, 2)
		expectEnd(t, c)
		wrongRequest(t, s)
		requestStream(t, s)
	})
}

// raw tells whether the library leaves HTTP to this program, which then answers to the byte.
func (s *server) raw() bool { return len(peers[s.lib].modes) > 1 }

// expectReplies reads n replies.
func expectReplies(t *testing.T, s *server, c *client, n int) {
	t.Helper()
	if s.raw() {
		expect(t, c, []byte(strings.Repeat(response, n)))
		return
	}
	for range n {
		r, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "Hello, World!" {
			t.Fatalf("body %q, %v", body, err)
		}
		if r.StatusCode != 200 || r.ContentLength != 13 || r.Header.Get("Content-Type") != "text/plain" {
			t.Fatalf("%s, headers %q", r.Status, r.Header)
		}
	}
}

// expectEnd demands that nothing follows but the end of the connection.
func expectEnd(t *testing.T, c *client) {
	t.Helper()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Fatalf("instead of the end: %q, %v", rest, err)
	}
}

// answeredBeforeTheNext demands the answer to a whole request though the head of another has begun.
func answeredBeforeTheNext(t *testing.T, s *server, c *client) {
	t.Helper()
	write(t, c, []byte(get+get[:30]))
	expectReplies(t, s, c, 1)
	write(t, c, []byte(get[30:]))
	expectReplies(t, s, c, 1)
}

// wrongRequest demands that what is no request ends the connection. The libraries that know HTTP may say why.
func wrongRequest(t *testing.T, s *server) {
	t.Helper()
	c := s.dial(t)
	write(t, c, []byte("Hello\r\n\r\n"))
	if rest, err := io.ReadAll(c); err != nil || s.raw() && len(rest) > 0 {
		t.Fatalf("instead of the end: %q, %v", rest, err)
	}
}

// requestStream writes more requests at once than there is room for on the way to the server and back.
func requestStream(t *testing.T, s *server) {
	t.Helper()
	n := streamSize / len(response)
	if !s.raw() {
		n = 10_000 // what writes only when it may needs no proof that it waits
	}
	c := s.dial(t)
	stream(t, c, []byte(strings.Repeat(get, n)), func() { expectReplies(t, s, c, n) })
}

// TestRequests cuts a conversation in every place, in one and in two.
func TestRequests(t *testing.T) {
	all := get + post("Content-Length", 5) + post("content-length", 0) + bye
	want := strings.Repeat(response, 4)
	for i := range len(all) + 1 {
		for j := i; j <= len(all); j++ {
			pieces := []string{all[:i], all[i:j], all[j:], get}
			if one, last := byOne(&requests{}, pieces...); one != want || !last {
				t.Fatalf("%q, one by one: %q, last %t", pieces, one, last)
			}
			if batch, last := byBatch(&requests{}, pieces...); batch != want || !last {
				t.Fatalf("%q, at once: %q, last %t", pieces, batch, last)
			}
		}
	}
}

// TestHeadBound demands that a head which does not end is not waited for.
func TestHeadBound(t *testing.T) {
	endless := "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", maxElement)
	if _, taken, last := (&requests{}).next([]byte(endless[:maxElement-1])); taken != 0 || last {
		t.Errorf("%d taken, last %t", taken, last)
	}
	if _, taken, last := (&requests{}).next([]byte(endless)); taken != 0 || !last {
		t.Errorf("too long: %d taken, last %t", taken, last)
	}
}
