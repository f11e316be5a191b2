package limit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// A protocol is a mode of a server, with requests to try it by.
type protocol struct {
	mode     string
	exchange func(i int) (request, reply []byte)
}

var protocols = []protocol{
	{"echo", func(i int) ([]byte, []byte) {
		b := randomBytes(uint64(i), 1+i%100)
		return b, b
	}},
	{"line", func(i int) ([]byte, []byte) {
		b := fmt.Appendf(nil, "line %d%s\r\n", i, bytes.Repeat([]byte("."), i%100))
		return b, b
	}},
	{"http", func(i int) ([]byte, []byte) {
		return fmt.Appendf(nil, "GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n", i), []byte(hello)
	}},
}

const hello = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"

// exchanges returns requests, one behind the other, with size bytes of replies or a little more, and these.
func (p protocol) exchanges(size int) (requests, replies []byte) {
	for i := 0; len(replies) < size; i++ {
		request, reply := p.exchange(i)
		requests, replies = append(requests, request...), append(replies, reply...)
	}
	return requests, replies
}

// try makes a few exchanges, one after the other.
func (p protocol) try(c peer) {
	c.t.Helper()
	for i := range 5 {
		request, reply := p.exchange(i)
		c.send(request)
		c.want(reply)
	}
}

// randomBytes returns the same n bytes for the same seed.
func randomBytes(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
