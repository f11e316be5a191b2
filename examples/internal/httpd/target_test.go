//go:build linux

package httpd

import (
	"bytes"
	"net/url"
	"path"
	"strings"
	"testing"
)

// naiveClean is appendClean by way of net/url and path.
func naiveClean(p string) (name string, dir bool, status int) {
	segments := strings.Split(p[1:], "/")
	for _, s := range segments {
		u, err := url.PathUnescape(s)
		if err != nil || strings.Contains(u, "\x00") {
			return "", false, 400
		}
		if u == ".." || strings.ContainsAny(u, `/\`) {
			status = 404
		}
	}
	if status != 0 {
		return "", false, status
	}
	u, _ := url.PathUnescape(p)
	last, _ := url.PathUnescape(segments[len(segments)-1])
	return strings.TrimPrefix(path.Clean(u), "/"), last == "" || last == ".", 0
}

// TestCleanExhaustive compares appendClean with naiveClean on every path of a slash and up to five of these parts.
func TestCleanExhaustive(t *testing.T) {
	parts := []string{"/", ".", "a", "%2e", "%2F", "\\", "%0", "0", "%00"}
	var walk func(p string, left int)
	walk = func(p string, left int) {
		name, dir, status := appendClean([]byte("kept"), []byte(p))
		wantName, wantDir, wantStatus := naiveClean(p)
		if status != wantStatus {
			t.Fatalf("%q: status %d, want %d", p, status, wantStatus)
		}
		if status == 0 && (string(name) != "kept"+wantName || dir != wantDir) {
			t.Fatalf("%q: %q %v, want %q %v", p, name, dir, wantName, wantDir)
		}
		if left == 0 {
			return
		}
		for _, part := range parts {
			walk(p+part, left-1)
		}
	}
	walk("/", 5)
}

func TestEscape(t *testing.T) {
	var every []byte
	for c := range 256 {
		if c != 0 && c != '/' && c != '\\' {
			every = append(every, byte(c))
		}
	}
	escaped := appendEscaped([]byte("/"), string(every))
	if !all(escaped, targetChar) || bytes.ContainsAny(escaped, "\"'<>&:") {
		t.Errorf("escaped to %q", escaped)
	}
	if name, _, status := appendClean(nil, escaped); status != 0 || !bytes.Equal(name, every) {
		t.Errorf("came back as %q, %d", name, status)
	}
}
