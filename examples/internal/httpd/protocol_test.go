//go:build linux

package httpd

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// conversation is what a client sends on one connection, and what comes back.
type conversation struct {
	name    string
	in      string
	methods string // of the requests, for a reader of the replies; empty: all GET
	want    string // the replies in short: status, "body" and, if the reply says so, close
	closed  bool   // the server ends the stream first
}

const (
	get    = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"
	answer = `200 "Hello, world!\n"`
)

func post(body string) string {
	return fmt.Sprintf("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func conversations() []conversation {
	tail := " HTTP/1.1\r\nHost: h\r\n"
	big := strings.Repeat("0123456789abcdef", 200)
	return []conversation{
		{"a request", get, "", answer, false},
		{"no Host", "GET /hello HTTP/1.1\r\n\r\n", "", `400 "400 Bad Request\n" close`, true},
		{"a pipeline", get + get + get, "", answer + ", " + answer + ", " + answer, false},
		{"an empty line first", "\r\n" + get + "\r\n\r\n" + get + "\r\n\r\n\r\n" + get + "\r\n", "",
			answer + ", " + answer + ", " + answer, false},
		{"asked to close", "GET /hello" + tail + "Connection: close\r\n\r\n" + get, "", answer + " close", true},
		{"version 1.0", "GET /hello HTTP/1.0\r\n\r\n" + get, "", answer + " close", true},
		{"version 1.0, kept", "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get, "",
			answer + " keep-alive, " + answer, false},
		{"HEAD", "HEAD /hello" + tail + "\r\n" + get, "HEAD GET", `200 "", ` + answer, false},
		{"HEAD of nothing", "HEAD /none" + tail + "\r\n" + get, "HEAD GET", `404 "", ` + answer, false},
		{"a query", "GET /hello?x" + tail + "\r\n", "", answer, false},
		{"escapes", "GET /%68ell%6F" + tail + "\r\n", "", answer, false},
		{"the absolute form", "GET http://h:1/hello" + tail + "\r\n", "", answer, false},
		{"not there", "GET /none" + tail + "\r\n" + get, "", `404 "404 Not Found\n", ` + answer, false},
		{"not above", "GET /../hello" + tail + "\r\n" + get, "", `404 "404 Not Found\n", ` + answer, false},
		{"a bad escape", "GET /%x" + tail + "\r\n" + get, "", `400 "400 Bad Request\n" close`, true},
		{"half a header", "GET /hello HTT", "", `400 "400 Bad Request\n" close`, false},
		{"half an empty line", get + "\r", "", answer, false},
		{"nothing", "", "", "", false},

		{"echo", post("abc") + get, "", `200 "abc", ` + answer, false},
		{"echo of terminators", post("\r\n\r\n\r\n\r") + post("\r\n\r\n") + get, "",
			`200 "\r\n\r\n\r\n\r", 200 "\r\n\r\n", ` + answer, false},
		{"echo of nothing", post("") + "POST /echo" + tail + "\r\n" + get, "", `200 "", 200 "", ` + answer, false},
		{"echo of much", post(big) + get, "", fmt.Sprintf("200 %q, %s", big, answer), false},
		{"echo and close", "POST /echo" + tail + "Connection: close\r\nContent-Length: 2\r\n\r\nab" + get, "",
			`200 "ab" close`, true},
		{"echo 1.0", "POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nab", "", `200 "ab" close`, true},
		{"echo expected", "POST /echo" + tail + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\nab" + get, "",
			`100 "", 200 "ab", ` + answer, false},
		{"echo expected in vain", "POST /echo" + tail + "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n", "",
			`413 "413 Content Too Large\n" close`, true},
		{"echo too large", "POST /echo" + tail + "Content-Length: 4097\r\n\r\nabc", "",
			`413 "413 Content Too Large\n" close`, true},
		{"echo much too large", "POST /echo" + tail + "Content-Length: 99999999999999999999\r\n\r\nabc", "",
			`413 "413 Content Too Large\n" close`, true},

		{"a body not asked for", "GET /hello" + tail + "Content-Length: 5\r\n\r\nGET /" + get, "", answer + " close", true},
		{"a body posted astray", "POST /hello" + tail + "Content-Length: 5\r\n\r\nhello" + get, "",
			`405 "405 Method Not Allowed\n" close`, true},
		{"methods", "PUT /hello" + tail + "\r\nGET /echo" + tail + "\r\nDELETE /x" + tail + "\r\n" +
			"OPTIONS *" + tail + "\r\n" + get, "",
			strings.Repeat(`405 "405 Method Not Allowed\n", `, 4) + answer, false},
		{"an unknown method", "BREW /pot" + tail + "\r\n" + get, "", `501 "501 Not Implemented\n", ` + answer, false},
		{"chunked", "POST /echo" + tail + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get, "",
			`501 "501 Not Implemented\n" close`, true},
		{"smuggled", "POST /echo" + tail + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + get, "",
			`400 "400 Bad Request\n" close`, true},
		{"two lengths", "POST /echo" + tail + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "",
			`400 "400 Bad Request\n" close`, true},
		{"another version", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", `505 "505 HTTP Version Not Supported\n" close`, true},
		{"a fold", "GET /hello" + tail + "X: a\r\n b\r\n\r\n" + get, "", `400 "400 Bad Request\n" close`, true},
	}
}

// abridge gives replies in the short form of conversation.want.
func abridge(replies []reply) string {
	var all []string
	for _, r := range replies {
		s := fmt.Sprintf("%d %q", r.status, r.body)
		if r.close { // net/http takes it out of the header
			s += " close"
		}
		if c := r.header.Get("Connection"); c != "" {
			s += " " + c
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

func TestConversations(t *testing.T) {
	for _, tt := range conversations() {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{MaxBody: 4096})
			got, closed := r.exchange([]byte(tt.in))
			short := abridge(parseReplies(t, got, strings.Fields(tt.methods)...))
			if short != tt.want || closed != tt.closed {
				t.Errorf("got  %.500s, closed %v\nwant %.500s, closed %v", short, closed, tt.want, tt.closed)
			}
		})
	}
}

// TestSplits sends every conversation cut in two at every byte, and byte by byte: the replies must be the same.
func TestSplits(t *testing.T) {
	r := newRig(t, Config{MaxBody: 4096})
	for _, tt := range conversations() {
		in := []byte(tt.in)
		r.connect()
		whole, closed := r.exchange(in)
		want := undated(whole)
		same := func(how string, parts ...[]byte) {
			t.Helper()
			r.connect()
			got, gotClosed := r.exchange(parts...)
			if undated(got) != want || gotClosed != closed {
				t.Fatalf("%s, %s: got %.500q, closed %v\nwant %.500q, closed %v",
					tt.name, how, undated(got), gotClosed, want, closed)
			}
		}
		step := max(1, len(in)/400)
		for cut := 1; cut < len(in); cut += step {
			same(fmt.Sprint("cut at ", cut), in[:cut], in[cut:])
		}
		same("byte by byte", bytes.SplitAfter(in, nil)...)
	}
}

// TestTooLong: a header beyond the limit is answered at once, however much of it is still to come.
func TestTooLong(t *testing.T) {
	const (
		start  = "GET /hello HTTP/1.1\r\nHost: h\r\nX: "
		tooBig = `431 "431 Request Header Fields Too Large\n" close`
	)
	for _, tt := range []struct {
		name string
		in   string
		want string
	}{
		{"just not", start + strings.Repeat("x", MaxHeader-len(start)) + "\r\n\r\n", answer},
		{"by a byte", start + strings.Repeat("x", MaxHeader-len(start)+1) + "\r\n\r\n", tooBig},
		{"without end", start + strings.Repeat("x", 10*MaxHeader), tooBig},
		{"the second", get + start + strings.Repeat("x", 2*MaxHeader) + "\r\n\r\n" + get,
			answer + ", " + tooBig},
		{"the target", "GET /" + strings.Repeat("x", MaxTarget) + " HTTP/1.1\r\nHost: h\r\n\r\n" + get,
			`414 "414 URI Too Long\n" close`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{})
			in := []byte(tt.in)
			for _, size := range []int{len(in), 4096, 1000} {
				r.connect()
				var parts [][]byte
				for p := in; len(p) > 0; p = p[min(size, len(p)):] {
					parts = append(parts, p[:min(size, len(p))])
				}
				got, closed := r.exchange(parts...)
				if short := abridge(parseReplies(t, got)); short != tt.want || closed != strings.Contains(tt.want, "close") {
					t.Errorf("in pieces of %d: %s, closed %v", size, short, closed)
				}
			}
		})
	}
}

// TestAllow: a 405 names what is allowed (RFC 9110 section 15.5.6).
func TestAllow(t *testing.T) {
	for in, want := range map[string]string{
		"POST /hello": "GET, HEAD", "GET /echo": "POST", "HEAD /echo": "POST", "PUT /echo": "POST", "PATCH /x": "GET, HEAD",
		"POST /%2e%2e": "GET, HEAD", "OPTIONS *": "GET, HEAD, POST", "CONNECT h:1": "GET, HEAD, POST",
	} {
		r := newRig(t, Config{})
		got, _ := r.exchange([]byte(in + " HTTP/1.1\r\nHost: h\r\n\r\n"))
		replies := parseReplies(t, got, strings.Fields(in)[0])
		if len(replies) != 1 || replies[0].status != 405 || replies[0].header.Get("Allow") != want {
			t.Errorf("%s: %+v, want Allow: %s", in, replies, want)
		}
	}
}

// TestExpectWaits: the interim reply comes before the body does.
func TestExpectWaits(t *testing.T) {
	r := newRig(t, Config{})
	r.write([]byte("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"))
	r.settle()
	if string(r.got) != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("before the body: %q", r.got)
	}
	got, closed := r.exchange([]byte("abc"))
	if short := abridge(parseReplies(t, got)); short != `100 "", 200 "abc"` || closed {
		t.Errorf("%s, closed %v", short, closed)
	}
}

// TestRefusedWhileSending: a reply that refuses a body arrives although the client sends on, and is not lost
// to a reset.
func TestRefusedWhileSending(t *testing.T) {
	r := newRig(t, Config{MaxBody: 1000})
	r.write([]byte("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n"))
	for range 30 {
		r.write(make([]byte, 100_000))
		r.poll()
	}
	r.settle()
	if short := abridge(parseReplies(t, r.got)); short != `413 "413 Content Too Large\n" close` || !r.eof {
		t.Errorf("%s, end of stream %v", short, r.eof)
	}
}

// TestBodyCutShort: a client that goes amid a body leaves nothing behind; check sees a body given back twice.
func TestBodyCutShort(t *testing.T) {
	r := newRig(t, Config{})
	for range 3 {
		for cut := range 5 {
			r.connect()
			in := []byte(post("abcde"))
			r.write(in[:len(in)-cut])
			r.poll()
			r.hangUp()
			r.poll()
			r.poll()
			if len(r.worker.idle) != 1 {
				t.Fatalf("cut by %d: %d idle bodies", cut, len(r.worker.idle))
			}
		}
	}
}
