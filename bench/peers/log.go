package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"strings"
)

// gnetLog has gnet tell errors only, and not on standard output, where they are by default.
type gnetLog struct{}

// Debugf drops what is told.
func (gnetLog) Debugf(string, ...any) {}

// Infof drops what is told.
func (gnetLog) Infof(string, ...any) {}

// Warnf drops what is told.
func (gnetLog) Warnf(string, ...any) {}

// Errorf tells an error.
func (gnetLog) Errorf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "gnet: "+format+"\n", args...)
}

// Fatalf tells an error after which gnet cannot go on.
func (gnetLog) Fatalf(format string, args ...any) { log.Fatalf("gnet: "+format, args...) }

// fastHTTPLog has fasthttp tell what goes wrong with the server, and not what its clients do wrong.
type fastHTTPLog struct{}

// Printf tells an error.
func (fastHTTPLog) Printf(format string, args ...any) {
	if !strings.HasPrefix(format, "error when serving connection") {
		fmt.Fprintf(os.Stderr, "fasthttp: "+format+"\n", args...)
	}
}

// netpollLog has netpoll tell everything but that a client has reset its connection.
type netpollLog struct{}

// Write tells a line, which it is handed whole.
func (netpollLog) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("NETPOLL: readall(")) {
		return len(line), nil
	}
	return os.Stderr.Write(line)
}
