//go:build linux

// Httpget fetches URLs, all at once and in one loop: the asynchronous HTTP client of asyncore's documents (CPython 3.11,
// Doc/library/asyncore.rst, "asyncore Example basic HTTP client"), on a bare dispatcher, made whole.
//
//	go run ./examples/httpget http://127.0.0.1:8080/hello
//	go run ./examples/httpget -o both -timeout 5s http://127.0.0.1:8080/go.mod http://[::1]:8081/
//
// The bodies go to standard output, or the file of -o, one whole after the other, in the order of the URLs, whichever is
// there first. A URL that cannot be had is told on standard error: its name cannot be looked up, no address of it answers,
// nothing comes for the time of -timeout, the status is none of success, the body is cut short. The others are
// fetched all the same, and the exit code is 1.
//
// It is HTTP/1.1 (RFC 9112) with one request a connection. Bodies of a Content-Length, chunked ones, and those that last to
// the end of the stream are told apart. Redirections are reported and not followed. There is no TLS.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/millrace-net/millrace/loop"
)

func main() {
	file := flag.String("o", "", "write the bodies to `file`, not to standard output")
	timeout := flag.Duration("timeout", 30*time.Second, "longest `time` for a name, a connection, and between two reads")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: httpget [-o file] [-timeout time] URL...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 || *timeout <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	failed, err := get(flag.Args(), &sink{path: *file}, *timeout)
	if err != nil {
		say(err)
	}
	if failed > 0 || err != nil {
		os.Exit(1)
	}
}

// get fetches the URLs, tells what went wrong with any, and returns how many failed; err is what kept it from fetching, or
// from writing what it had fetched.
func get(urls []string, to *sink, timeout time.Duration) (failed int, err error) {
	l, err := loop.NewLoop(loop.Options{})
	if err != nil {
		return 0, err
	}
	b := begin(l, urls, to, timeout)
	err = l.Rounds(-1, -1)
	for _, f := range b.fetches {
		if f.err != nil {
			failed++
		}
	}
	return failed, errors.Join(err, b.err, to.close(failed < len(urls) && b.err == nil), l.Close())
}

// begin begins to fetch the URLs.
func begin(l *loop.Loop, urls []string, to *sink, timeout time.Duration) *bodies {
	b := &bodies{to: to, abort: l.CloseAll}
	for _, u := range urls {
		b.fetches = append(b.fetches, &fetch{loop: l, bodies: b, name: u, timeout: timeout})
	}
	lookUp(b.fetches, timeout)
	for _, f := range b.fetches {
		f.start()
	}
	return b
}

// say prints one line to standard error.
func say(what any) { fmt.Fprintln(os.Stderr, "httpget:", what) }

// printable keeps what a server says from commanding the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
