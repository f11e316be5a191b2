package main

import (
	"context"
	"fmt"
	"net"

	"github.com/valyala/fasthttp"
)

// serveFastHTTP runs the server of fasthttp. In both forms it writes the replies to pipelined requests at once, when it
// would have to wait for the next request.
func serveFastHTTP(ctx context.Context, o *options, ready func(net.Addr)) error {
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	s := &fasthttp.Server{
		Handler: fastHTTPPlain,
		Logger:  fastHTTPLog{},
	}
	if o.best() {
		s.Handler = fastHTTPBest
		fastHTTPOptions(s)
	}
	context.AfterFunc(ctx, func() { _ = s.Shutdown() })
	ready(ln.Addr())
	return s.Serve(ln)
}

// fastHTTPOptions sets what makes the server faster. The names of headers are compared without case all the same.
func fastHTTPOptions(s *fasthttp.Server) {
	s.ReadBufferSize, s.WriteBufferSize = 64<<10, 64<<10 // as many requests and replies at once as the other servers take
	s.NoDefaultServerHeader = true                       // the other servers send neither their name
	s.NoDefaultDate = true                               // nor a date
	s.DisableHeaderNamesNormalizing = true
	s.DisablePreParseMultipartForm = true
	s.LazyRequestTime = true
}

// fastHTTPBest puts the body into the buffer that the library keeps for it, as its guide to handlers without garbage says.
func fastHTTPBest(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("text/plain")
	ctx.Response.AppendBodyString("Hello, World!")
}

// fastHTTPPlain writes the body as the first examples of the library do.
func fastHTTPPlain(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("text/plain")
	_, _ = fmt.Fprint(ctx, "Hello, World!")
}
