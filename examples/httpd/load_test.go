//go:build linux

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

// pipeline is a script for wrk that sends 16 requests at once, and fails the run unless every reply is what it
// should be.
const pipeline = `
local depth = 16
init = function()
  local r = {}
  for i = 1, depth do r[i] = wrk.format("GET", "/hello") end
  request_text = table.concat(r)
end
request = function() return request_text end
`

// checked counts the replies that are wrong, and prints them at the end.
const checked = `
local threads = {}
setup = function(thread) table.insert(threads, thread) end
bad, good = 0, 0
response = function(status, headers, body)
  if status == 200 and body == "Hello, world!\n" then good = good + 1 else bad = bad + 1 end
end
done = function()
  local b, g = 0, 0
  for _, t in ipairs(threads) do b = b + t:get("bad"); g = g + t:get("good") end
  io.write(string.format("checked good=%d bad=%d\n", g, b))
end
`

// find returns the number that pattern captures in text.
func find(t *testing.T, text, pattern string) int {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in\n%s", pattern, text)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestWrk lets wrk load the server for two seconds, plain and pipelined. No rate is required, only that all
// replies are right.
func TestWrk(t *testing.T) {
	wrk := clienttest.Client(t, "wrk")
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."))
	for name, lua := range map[string]string{"plain": checked, "pipelined": pipeline + checked} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "script.lua")
			if err := os.WriteFile(path, []byte(lua), 0o600); err != nil {
				t.Fatal(err)
			}
			out := clienttest.Run(t, wrk, "-t", "1", "-c", "32", "-d", "2s", "-s", path, "http://"+addr+"/hello")
			if good, bad := find(t, out, `good=(\d+)`), find(t, out, `bad=(\d+)`); good == 0 || bad != 0 {
				t.Errorf("%d good replies, %d bad", good, bad)
			}
			if strings.Contains(out, "Socket errors") || strings.Contains(out, "Non-2xx") {
				t.Error(out)
			}
			t.Log(out)
		})
	}
	stop()
}

// TestH2load lets h2load send a fixed number of requests over HTTP/1.1, for a small body, a file, and an upload.
func TestH2load(t *testing.T) {
	h2load := clienttest.Client(t, "h2load")
	dir := site(t, map[string][]byte{"file": clienttest.Noise(200_000)})
	body := filepath.Join(dir, "file")
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir)
	for _, tt := range []struct {
		name string
		n    int
		args []string
	}{
		{"hello", 20_000, []string{"http://" + addr + "/hello"}},
		{"hello pipelined", 20_000, []string{"-m", "16", "http://" + addr + "/hello"}},
		{"file", 500, []string{"http://" + addr + "/file"}},
		{"upload", 500, []string{"-d", body, "http://" + addr + "/echo"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"--h1", "-t", "1", "-c", "20", "-n", strconv.Itoa(tt.n)}, tt.args...)
			out := clienttest.Run(t, h2load, args...)
			if got := find(t, out, `status codes: (\d+) 2xx`); got != tt.n || find(t, out, `(\d+) failed`) != 0 {
				t.Errorf("%d of %d requests\n%s", got, tt.n, out)
			}
		})
	}
	stop()
}
