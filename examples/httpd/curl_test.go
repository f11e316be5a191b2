//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

// curlStatus has curl print the status, the number of new connections and the bytes received.
const curlStatus = "%{http_code} %{num_connects} %{size_download}"

// curlRun is a run of curl.
type curlRun struct {
	name string
	args []string
	want string // of standard output
	body []byte // of the file out; nil: not looked at
}

// curlRuns are the runs on the server at url, which serves dir; large is the file large.bin there.
func curlRuns(url, dir, out string, large []byte) []curlRun {
	data := func(file string) []string { return []string{"--data-binary", "@" + dir + "/" + file, url + "/echo"} }
	and := func(args []string, more ...string) []string { return append(more, args...) }
	return []curlRun{
		{"GET", []string{url + "/hello"}, hello, nil},
		{"1.0", []string{"--http1.0", url + "/hello"}, hello, nil},
		{"1.0 kept", []string{"--http1.0", "-H", "Connection: keep-alive", url + "/hello", url + "/hello"},
			hello + hello, nil},
		{"one connection", []string{"-w", curlStatus + "\n", "-o", out, url + "/hello", "-o", out, url + "/small",
			"-o", out, url + "/none"}, "200 1 14\n200 0 10\n404 0 14\n", []byte("404 Not Found\n")},
		{"file", []string{"-o", out, "-w", curlStatus, url + "/large.bin"}, fmt.Sprint("200 1 ", len(large)), large},
		{"range", []string{"-r", "2-4", url + "/small"}, "234", nil},
		{"last bytes", []string{"-r", "-3", url + "/small"}, "789", nil},
		{"large range", []string{"-o", out, "-r", "1000000-4999999", "-w", curlStatus, url + "/large.bin"},
			"206 1 4000000", large[1000000:5000000]},
		{"POST", []string{"-d", "a=b", url + "/echo"}, "a=b", nil},
		{"upload", and(data("1MiB"), "-o", out, "-w", curlStatus), fmt.Sprint("200 1 ", 1<<20), large[:1<<20]},
		{"upload too large", and(data("large.bin"), "-w", curlStatus), "413 Content Too Large\n413 1 22", nil},
		{"upload too large, unasked", and(data("large.bin"), "-H", "Expect:", "-w", curlStatus),
			"413 Content Too Large\n413 1 22", nil},
		{"upload chunked", and(data("small"), "-H", "Transfer-Encoding: chunked", "-w", curlStatus),
			"501 Not Implemented\n501 1 20", nil},
		{"upload astray", []string{"-d", "x", "-w", curlStatus, url + "/hello"}, "405 Method Not Allowed\n405 1 23", nil},
		{"above", []string{"--path-as-is", "-w", curlStatus, url + "/../../etc/passwd"}, "404 Not Found\n404 1 14", nil},
		{"OPTIONS", []string{"-X", "OPTIONS", "--request-target", "*", "-o", out, "-w", "%header{allow}", url},
			"GET, HEAD, POST", nil},
		{"a long header", []string{"-H", "X: " + strings.Repeat("x", 20_000), "-w", curlStatus, url + "/hello"},
			"431 Request Header Fields Too Large\n431 1 36", nil},
	}
}

// TestCurl drives the server with curl as people do.
func TestCurl(t *testing.T) {
	curl := clienttest.Client(t, "curl")
	large := clienttest.Noise(10 << 20)
	dir := site(t, map[string][]byte{
		"page.html": []byte("<p>A page"), "large.bin": large, "1MiB": large[:1<<20], "small": []byte("0123456789"),
	})
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir)
	out := filepath.Join(t.TempDir(), "out")
	url := "http://" + addr
	for _, tt := range curlRuns(url, dir, out, large) {
		t.Run(tt.name, func(t *testing.T) {
			got := clienttest.Run(t, curl, append([]string{"-sS", "--max-time", "30"}, tt.args...)...)
			if got != tt.want {
				t.Errorf("got  %.300q\nwant %.300q", got, tt.want)
			}
			if tt.body != nil {
				if data, err := os.ReadFile(out); err != nil || !bytes.Equal(data, tt.body) {
					t.Errorf("%d bytes, want %d: %v", len(data), len(tt.body), err)
				}
			}
		})
	}
	head := clienttest.Run(t, curl, "-sSI", url+"/page.html")
	if !strings.HasPrefix(head, "HTTP/1.1 200 OK\r\n") || !strings.Contains(head, "Content-Length: 9\r\n") ||
		!strings.Contains(head, "Content-Type: text/html; charset=utf-8\r\n") || !strings.Contains(head, "\r\nDate: ") {
		t.Errorf("curl -I: %s", head)
	}
	date := clienttest.Run(t, curl, "-sSI", "-o", out, "-w", "%header{last-modified}", url+"/small")
	if got := clienttest.Run(t, curl, "-sS", "-z", date, "-w", curlStatus, url+"/small"); got != "304 1 0" {
		t.Errorf("curl -z %q: %q", date, got)
	}
	stop()
}
