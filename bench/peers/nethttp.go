package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

// serveNetHTTP runs the server of net/http. It writes each reply by itself whatever the handler does, and its buffers of
// 4 KiB cannot be changed.
func serveNetHTTP(ctx context.Context, o *options, ready func(net.Addr)) error {
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	s := &http.Server{ErrorLog: log.New(os.Stderr, "nethttp: ", 0)}
	if o.best() {
		// A handler of its own spares the search for a pattern.
		s.Handler = http.HandlerFunc(netHTTPBest)
		s.DisableGeneralOptionsHandler = true
	} else {
		mux := http.NewServeMux()
		mux.HandleFunc("/", netHTTPPlain)
		s.Handler = mux
	}
	context.AfterFunc(ctx, func() { s.Close() })
	ready(ln.Addr())
	if err := s.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// The values of the headers, which all replies share. That there is none of a date keeps the server from sending one,
// which the other servers do not either.
var (
	body       = []byte("Hello, World!")
	textPlain  = []string{"text/plain"}
	bodyLength = []string{"13"}
)

// netHTTPBest sets the headers without making anything for them, and the length, so that the server need not find it out.
func netHTTPBest(w http.ResponseWriter, r *http.Request) {
	skipBody(r)
	h := w.Header()
	h["Content-Type"] = textPlain
	h["Content-Length"] = bodyLength
	h["Date"] = nil
	_, _ = w.Write(body)
}

// netHTTPPlain is what the documentation of net/http has as its first handler.
func netHTTPPlain(w http.ResponseWriter, r *http.Request) {
	skipBody(r)
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, "Hello, World!")
}

// skipBody reads the body, after which the connection can be kept: the server itself gives up on a long one.
func skipBody(r *http.Request) {
	if r.ContentLength != 0 {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}
