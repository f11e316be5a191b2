package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// start runs the server in this process, and returns a connection to it.
func start(t *testing.T, args ...string) net.Conn {
	t.Helper()
	in, stop := io.Pipe()
	ready, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(append([]string{"-addr", "127.0.0.1:0"}, args...), in, out)
		out.Close()
	}()
	line, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil {
		t.Fatal(err, <-done)
	}
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if !ok {
		t.Fatalf("%q", line)
	}
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	t.Cleanup(func() {
		nc.Close()
		stop.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return nc
}

// exchange writes text in pieces, and wants exactly this back.
func exchange(t *testing.T, nc net.Conn, text, want string, piece int) {
	t.Helper()
	go func() {
		for p := []byte(text); len(p) > 0; p = p[min(piece, len(p)):] {
			_, _ = nc.Write(p[:min(piece, len(p))])
		}
	}()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(nc, got); err != nil || string(got) != want {
		t.Fatalf("by %d: %q, %v, want %q", piece, got[:n], err, want)
	}
}

func TestEcho(t *testing.T) {
	text := strings.Repeat("all that is sent\r\n\x00", 10_000)
	exchange(t, start(t, "-mode", "echo"), text, text, 70_000)
}

func TestLines(t *testing.T) {
	nc := start(t, "-mode", "line", "-loops", "2")
	for _, piece := range []int{1, 3, 1000} {
		text := "\r\na line\r\n\r\r\n\n\r\n" + strings.Repeat("x", 3000) + "\r\n"
		exchange(t, nc, text, text, piece)
	}
	exchange(t, nc, "no end", "", 100)
}

func TestHTTP(t *testing.T) {
	nc := start(t, "-mode", "http")
	get := "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
	post := "POST /x HTTP/1.1\r\nCONTENT-length: 5\r\n\r\n\r\n\r\nx"
	for _, piece := range []int{1, 7, 1000} {
		exchange(t, nc, get+post+get, strings.Repeat(string(reply), 3), piece)
	}
	exchange(t, nc, "GET / HTTP/1.1\r\nconnection: Close\r\n\r\n"+get, string(reply), 1000)
	if rest, err := io.ReadAll(nc); len(rest) > 0 || err != nil {
		t.Errorf("after the close: %q, %v", rest, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, head := range []string{
		"", "GET", "GET /", "GET / HTTP/2", " / HTTP/1.1", "GET  HTTP/1.1", "GET / HTTP/1.1\r\nno colon",
		"GET / HTTP/1.1\r\nContent-Length: -1", "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999", "GET / HTTP/1.1\r\nContent-Length: x",
		"GET  / HTTP/1.1", "GET / / HTTP/1.1", "GET /\r\n", "GET / HTTP/1.1\nA: b", "GET / HTTP/1.1\r\n\nA: b", "GET / HTTP/1.1\r\n: b",
		"GET / HTTP/1.1\r\nHost : a", "GET / HTTP/1.1\r\n Content-Length: 5", "GET / HTTP/1.1\r\nA: b\r\n\tfolded: c",
		"GET / HTTP/1.1\r\nContent-Length: 5\r", "GET / HTTP/1.1\r\nContent-Length: 1\r\ncontent-length: 2", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked",
	} {
		var r request
		if err := r.parse([]byte(head)); err == nil {
			t.Errorf("%q was accepted: %+v", head, r)
		}
	}
}

func TestParseTakesNote(t *testing.T) {
	for head, want := range map[string]request{
		"G / HTTP/1.1":            {},
		"GET /a?b HTTP/1.0\r\nA:": {close: true},
		"GET / HTTP/1.1\r\nConnection:Keep-Alive , Close":         {close: true},
		"GET / HTTP/1.1\r\nConnection: closed":                    {},
		"GET / HTTP/1.1\r\nContent-Length: 7\r\nContent-length:7": {length: 7, told: true},
		"GET / HTTP/1.1\r\nContent\rLength: 5":                    {},
		"GET / HTTP/1.1\r\nNot-of-a-Length: x":                    {},
	} {
		var r request
		if err := r.parse([]byte(head)); err != nil || r != want {
			t.Errorf("%q: %+v, %v, want %+v", head, r, err, want)
		}
	}
}

// All headers of a head are read, however many it has.
func TestParseReadsAllHeaders(t *testing.T) {
	for before := range 300 {
		head := "POST / HTTP/1.1" + strings.Repeat("\r\nX: y", before)
		var r request
		if err := r.parse([]byte(head + "\r\nContent-Length: 7")); err != nil || r.length != 7 {
			t.Errorf("behind %d headers: %+v, %v", before, r, err)
		}
		if err := r.parse([]byte(head + "\r\nno colon\r\nX: y")); err == nil {
			t.Errorf("behind %d headers, one without a colon was accepted", before)
		}
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	head := bytes.TrimSpace([]byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nAccept: */*\r\n"))
	var r request
	if n := testing.AllocsPerRun(100, func() { _ = r.parse(head) }); n > 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func TestOptions(t *testing.T) {
	for _, args := range [][]string{{"-mode", "ftp"}, {"-loops", "0"}, {"more"}, {"-x"}} {
		if err := run(args, strings.NewReader(""), io.Discard); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
}
