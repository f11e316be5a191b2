package main

import (
	"context"
	"net"
)

// peer is a library that serves.
type peer struct {
	modes []string
	// serve runs the server until ctx ends. It calls ready with the address once connections are taken.
	serve func(ctx context.Context, o *options, ready func(net.Addr)) error
}

// peers has the libraries by the names that -lib takes.
var peers = map[string]peer{
	"gnet":     {[]string{modeEcho, modeLine, modeHTTP}, serveGnet},
	"nbio":     {[]string{modeEcho, modeLine, modeHTTP}, serveNbio},
	"netpoll":  {[]string{modeEcho, modeLine, modeHTTP}, serveNetpoll},
	"net":      {[]string{modeEcho, modeLine, modeHTTP}, serveNet},
	"nethttp":  {[]string{modeHTTP}, serveNetHTTP},
	"fasthttp": {[]string{modeHTTP}, serveFastHTTP},
}
