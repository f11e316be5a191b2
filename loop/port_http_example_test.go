//go:build linux

package loop_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
	"github.com/millrace-net/millrace/producer"
)

// requestHandler answers one request of HTTP/1.0.
type requestHandler struct{ req *http.Request }

func newRequestHandler(c *loop.Conn) loop.Handler {
	c.SetTerminator(match.CRLFCRLF)
	return &requestHandler{}
}

func (h *requestHandler) Receive(c *loop.Conn, data []byte, found bool) (err error) {
	switch {
	case !found: // the stream ended within the request
		return nil
	case h.req != nil: // the body
		return h.answer(c, data)
	}
	head := bytes.NewReader(data[:cap(data)]) // with the empty line
	if h.req, err = http.ReadRequest(bufio.NewReader(head)); err != nil {
		return err
	}
	if h.req.ContentLength == 0 { // a Count of 0 would be None
		return h.answer(c, nil)
	}
	length, err := match.Count(h.req.ContentLength)
	if err != nil { // -1: chunked
		return err
	}
	c.SetTerminator(length)
	return nil
}

func (h *requestHandler) answer(c *loop.Conn, body []byte) error {
	c.SetTerminator(match.None) // what comes after it is not wanted
	text := fmt.Appendf(nil, "%s %s with %q\n", h.req.Method, h.req.URL, body)
	c.PushString(fmt.Sprintf("HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n", len(text)))
	lines, err := producer.Bytes(text, 512)
	if err != nil {
		return err
	}
	err = c.PushProducer(lines)
	c.CloseWhenDone()
	return err
}

// The request handler of the documents of asynchat: a header that ends at an empty line, a body of Content-Length bytes,
// then nothing more.
func Example_portOfRequestHandler() {
	for _, request := range []string{
		"GET /a HTTP/1.0\r\n\r\n",
		"POST /b HTTP/1.0\r\nContent-Length: 9\r\n\r\nk=\r\n\r\nv=1 and more",
		"POST /c HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
	} {
		_, text, _ := bytes.Cut([]byte(converse(newRequestHandler, request)), match.CRLFCRLF.Bytes())
		fmt.Printf("%s", text)
	}
	// Output:
	// GET /a with ""
	// POST /b with "k=\r\n\r\nv=1"
	// POST /c with ""
}
