//go:build linux

package loop_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/millrace-net/millrace/loop"
	"github.com/millrace-net/millrace/match"
)

// httpClient fetches one page, on a dispatcher that reads and writes for itself.
type httpClient struct {
	loop.BaseDispatcher
	out  []byte // what is left of the request
	page io.Writer
}

func newHTTPClient(l *loop.Loop, address, path string, page io.Writer) error {
	h := &httpClient{page: page}
	h.out = fmt.Appendf(nil, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, address)
	ch, err := l.Socket("tcp4", h)
	if err != nil {
		return err
	}
	if err := ch.Connect(address); err != nil {
		ch.Close()
		return err
	}
	return nil
}

func (h *httpClient) HandleRead(ch *loop.Channel) error {
	buf := make([]byte, 8192)
	n, err := ch.Recv(buf)
	if err != nil {
		return err
	}
	_, err = h.page.Write(buf[:n])
	return err
}

func (h *httpClient) Writable() bool { return len(h.out) > 0 }

func (h *httpClient) HandleWrite(ch *loop.Channel) error {
	n, err := ch.Send(h.out)
	h.out = h.out[n:]
	return err
}

func (h *httpClient) HandleClose(_ *loop.Channel, cause error) {
	if !errors.Is(cause, io.EOF) {
		slog.Error("fetching", "cause", cause)
	}
}

// The client of the documents of asyncore. The server here is one of net/http.
func Example_portOfHTTPClient() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "the page %s", r.URL)
	}))
	defer server.Close()
	l, err := loop.NewLoop(loop.Options{})
	must(err)
	defer l.Close()
	var page bytes.Buffer
	must(newHTTPClient(l, server.Listener.Addr().String(), "/index.html", &page))
	must(l.Rounds(30*time.Second, -1)) // until no channel is left
	_, text, _ := bytes.Cut(page.Bytes(), match.CRLFCRLF.Bytes())
	fmt.Printf("%s\n", text)
	// Output: the page /index.html
}
