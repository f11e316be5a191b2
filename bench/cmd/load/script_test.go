package main

import (
	"bytes"
	"testing"
)

func TestScriptRepeats(t *testing.T) {
	for name, s := range map[string]*script{
		"bytes": byteScript(64), "lines": lineScript(32), "requests": requestScript("127.0.0.1:80"),
	} {
		if len(s.text) != s.period+window || !bytes.Equal(s.text[s.period:], s.text[:window]) {
			t.Errorf("%s: the text of %d bytes has no period of %d", name, len(s.text), s.period)
		}
		at := s.begin(7)
		for _, n := range []int{0, 1, 100, window, window - 1, s.period} {
			next := s.after(at, min(n, window))
			if next != (at+min(n, window))%s.period {
				t.Errorf("%s: %d after %d is %d", name, n, at, next)
			}
			at = next
		}
		if name != "requests" && bytes.Equal(s.text[s.begin(0):][:s.size], s.text[s.begin(1):][:s.size]) {
			t.Errorf("%s: two connections begin alike", name)
		}
	}
}

func TestLinesDiffer(t *testing.T) {
	for _, size := range []int{4, 5, 32, 64 << 10} {
		s := lineScript(size)
		seen := make(map[string]bool)
		for line := range bytes.Lines(s.text[:s.period]) {
			content, ok := bytes.CutSuffix(line, crlf)
			if !ok || len(line) != size {
				t.Fatalf("the line %q, want %d bytes", line, size)
			}
			for _, b := range content {
				if b < ' ' || b > '~' {
					t.Fatalf("%q is not printable", content)
				}
			}
			seen[string(line)] = true
		}
		if len(seen) != lineCount {
			t.Errorf("%d lines of %d bytes differ", len(seen), size)
		}
	}
}

func TestBytesAreAllThere(t *testing.T) {
	s := byteScript(1)
	if n := len(bytes.Trim(s.text, "\x00")); n < bytePeriod {
		t.Errorf("only %d bytes are random", n)
	}
	var seen [256]int
	for _, b := range s.text[:s.period] {
		seen[b]++
	}
	for b, n := range seen {
		if n < 150 || n > 370 {
			t.Errorf("%d times %#x", n, b)
		}
	}
}

func TestRequest(t *testing.T) {
	s := requestScript("127.0.0.1:8080")
	text := string(s.text[:s.period])
	for _, want := range []string{"GET / HTTP/1.1\r\n", "\r\nHost: 127.0.0.1:8080\r\n", "\r\nUser-Agent: ", "\r\nAccept: ",
		"\r\nAccept-Language: ", "\r\nAccept-Encoding: ", "\r\nConnection: keep-alive\r\n\r\n"} {
		if !bytes.Contains(s.text[:s.period], []byte(want)) {
			t.Errorf("%q has no %q", text, want)
		}
	}
}

// Not even the right bytes may come before they were asked for.
func TestEchoesBeforeMessages(t *testing.T) {
	e := echoes{byteScript(10)}
	c := &conn{sent: 30, received: 20, toCome: 20, answered: 2}
	if err := e.check(c, e.text[20:31]); err == nil || c.answered != 2 {
		t.Errorf("%v, %+v", err, c)
	}
	if err := e.check(c, e.text[20:30]); err != nil || c.answered != 3 || c.toCome != 30 {
		t.Errorf("%v, %+v", err, c)
	}
}
