//go:build linux

package httpd

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

// TestRange compares parseRange with the bytes that a range lists one by one.
func TestRange(t *testing.T) {
	for size := range int64(5) {
		for first := int64(-1); first < 7; first++ {
			for last := int64(-1); last < 7; last++ {
				text := "bytes="
				if first >= 0 {
					text += fmt.Sprint(first)
				}
				text += "-"
				if last >= 0 {
					text += fmt.Sprint(last)
				}
				var want []int64
				for i := range size {
					after := first < 0 && i >= size-last || first >= 0 && i >= first
					if after && (last < 0 || first < 0 || i <= last) {
						want = append(want, i)
					}
				}
				off, n, kind := parseRange([]byte(text), size)
				switch {
				case first < 0 && last < 0 || first >= 0 && last >= 0 && last < first:
					if kind != rangeNone || off != 0 || n != size {
						t.Errorf("%s of %d: %d %d %d, want it ignored", text, size, off, n, kind)
					}
				case len(want) == 0:
					if kind != rangeBeyond {
						t.Errorf("%s of %d: kind %d, want beyond", text, size, kind)
					}
				case kind != rangePart || off != want[0] || n != int64(len(want)):
					t.Errorf("%s of %d: %d %d %d, want %v", text, size, off, n, kind, want)
				}
			}
		}
	}
	for _, text := range []string{
		"", "bytes", "bytes=", "bytes=a-b", "bytes=1-2,3-4", "lines=1-2", "bytes=1", "bytes=--1",
	} {
		if off, n, kind := parseRange([]byte(text), 9); kind != rangeNone || off != 0 || n != 9 {
			t.Errorf("%q is not ignored: %d %d %d", text, off, n, kind)
		}
	}
	if off, n, kind := parseRange([]byte("BYTES= 1-99999999999999999999"), 9); off != 1 || n != 8 || kind != rangePart {
		t.Errorf("a large end: %d %d %d", off, n, kind)
	}
}

func TestParseDigits(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "007": 7, "9223372036854775807": math.MaxInt64, "9223372036854775808": math.MaxInt64,
		"99999999999999999999999": math.MaxInt64, "18446744073709551617": math.MaxInt64,
	} {
		if n, ok := parseDigits([]byte(in)); !ok || n != want {
			t.Errorf("%s: %d, %v", in, n, ok)
		}
	}
}

func TestConditional(t *testing.T) {
	root, dir := tree(t, map[string]string{"f": "0123456789", "big": string(clienttest.Noise(100_000))})
	modified := time.Date(2024, 2, 29, 12, 0, 0, 500_000_000, time.UTC)
	for _, name := range []string{"f", "big"} {
		if err := os.Chtimes(filepath.Join(dir, name), modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	const at = "Thu, 29 Feb 2024 12:00:00 GMT"
	r := newRig(t, Config{Root: root})
	for _, tt := range []struct {
		fields string
		want   string // status, body, Content-Range
	}{
		{"", "200 0123456789 "},
		{"If-Modified-Since: " + at, "304  "},
		{"If-Modified-Since: Thursday, 29-Feb-24 12:00:00 GMT", "304  "},
		{"If-Modified-Since: Thu Feb 29 12:00:00 2024", "304  "},
		{"If-Modified-Since: Thu, 29 Feb 2024 12:00:01 GMT", "304  "},
		{"If-Modified-Since: Thu, 29 Feb 2024 11:59:59 GMT", "200 0123456789 "},
		{"If-Modified-Since: yesterday", "200 0123456789 "},
		{"If-Modified-Since: " + at + "\r\nIf-None-Match: \"x\"", "200 0123456789 "},
		{"If-None-Match: *", "304  "},
		{"If-None-Match: \"*\"", "200 0123456789 "},
		{"If-Modified-Since: yesterday\r\nIf-None-Match: *", "304  "},
		{"Range: bytes=2-4", "206 234 bytes 2-4/10"},
		{"Range: bytes=7-", "206 789 bytes 7-9/10"},
		{"Range: bytes=-2", "206 89 bytes 8-9/10"},
		{"Range: bytes=-99", "206 0123456789 bytes 0-9/10"},
		{"Range: bytes=10-", "416 416 Range Not Satisfiable\n bytes */10"},
		{"Range: bytes=1-2,4-5", "200 0123456789 "},
		{"Range: bytes=2-4\r\nIf-Range: " + at, "206 234 bytes 2-4/10"},
		{"Range: bytes=2-4\r\nIf-Range: Thu, 29 Feb 2024 11:59:59 GMT", "200 0123456789 "},
		{"Range: bytes=2-4\r\nIf-Range: \"x\"", "200 0123456789 "},
	} {
		var fields []string
		if tt.fields != "" {
			fields = []string{tt.fields}
		}
		got := ask(t, r, "GET", "/f", fields...)
		short := fmt.Sprintf("%d %s %s", got.status, got.body, got.header.Get("Content-Range"))
		if short != tt.want || got.status < 400 && got.header.Get("Last-Modified") != at {
			t.Errorf("%s: %q, %v, want %q", tt.fields, short, got.header, tt.want)
		}
	}
	if got := ask(t, r, "HEAD", "/f", "Range: bytes=2-4"); got.status != 200 || got.header.Get("Content-Length") != "10" {
		t.Errorf("HEAD with a Range: %d %v", got.status, got.header)
	}
	if got := ask(t, r, "GET", "/big", "Range: bytes=10-60009"); string(got.body) != string(clienttest.Noise(100_000))[10:60010] {
		t.Errorf("a range of a long file: %d, %d bytes", got.status, len(got.body))
	}
}
