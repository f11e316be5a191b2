//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

func TestMain(m *testing.M) { clienttest.Main(m) }

var large = clienttest.Noise(10 << 20)

// site makes a directory with a few files, in a directory of secrets.
func site(t *testing.T) (dir string) {
	t.Helper()
	secret := t.TempDir()
	dir = filepath.Join(secret, "public")
	for name, data := range map[string][]byte{
		"secret": []byte("secret"), "public/large": large, "public/small": []byte("0123456789"), "public/sub/empty": nil,
		"public/sub/a file": []byte("a file\n"),
	} {
		path := filepath.Join(secret, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("small", filepath.Join(dir, "in")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// curlRuns are the runs of curl, those that IPv6 has too first: there is no PASV there, and curl hangs when EPRT is refused.
var curlRuns = []struct {
	args string // %s is the server's URL
	code int    // of curl (1), EXIT CODES
	want string
}{
	{"%s/sub/a%%20file", 0, "a file\n"},
	{"-C 7 %s/small", 0, "789"},
	{"%s/none", 78, ""},

	{"--disable-epsv --ftp-method nocwd %s/sub/empty %[1]s/small", 0, "0123456789"},
	{"--ftp-method singlecwd %s/sub/../in", 0, "0123456789"},
	{"-r 3-5 %s/small", 0, "345"},
	{"-l %s/sub/", 0, "a file\nempty\n"},
	{"-I %s/small", 0, "Content-Length: 10"},
	{"-C 11 %s/small", 36, ""},
	{"%s/out", 78, ""},
	{"--path-as-is %s/../secret", 78, ""},
	{"--path-as-is --ftp-method nocwd %s/sub/../../secret", 78, ""},
	{"%s/none/", 9, ""},
	{"-T main.go %s/new", 25, ""},
	{"-P - %s/small", 30, ""},
	{"-u root:x %s/small", 67, ""},
}

// TestCurl reads with curl: by EPSV and PASV, over IPv4 and IPv6.
func TestCurl(t *testing.T) {
	curl := clienttest.Client(t, "curl")
	dir, out := site(t), filepath.Join(t.TempDir(), "out")
	for at, runs := range map[string]int{"127.0.0.1:0": len(curlRuns), "[::1]:0": 3} {
		addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-addr", at, "-dir", dir, "-loops", "2")
		for _, tt := range curlRuns[:runs] {
			args := strings.Fields(fmt.Sprintf("-sS --max-time 30 "+tt.args, "ftp://"+addr))
			stdout, stderr, code := clienttest.RunCode(t, curl, args...)
			if code != tt.code || !strings.Contains(stdout, tt.want) || tt.want == "" && stdout != "" {
				t.Errorf("%q: code %d, %.300q, want %d, %q\n%s", args, code, stdout, tt.code, tt.want, stderr)
			}
		}
		clienttest.Run(t, curl, "-sS", "-o", out, "ftp://"+addr+"/large")
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, large) {
			t.Errorf("%d bytes of %d, %v", len(got), len(large), err)
		}
		stop()
	}
}

// TestListing compares what LIST tells with what is there.
func TestListing(t *testing.T) {
	curl := clienttest.Client(t, "curl")
	dir := site(t)
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "small"), old, old); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("many-%03d", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir)
	lines := strings.Split(strings.TrimSuffix(clienttest.Run(t, curl, "-sS", "ftp://"+addr+"/"), "\n"), "\n")
	want := []string{`-rw-r--r-- 1 ftp ftp +10 Feb  3  2001 in`, `-rw-r--r-- 1 ftp ftp +10485760 [A-Z][a-z]{2} .\d \d\d:\d\d large`}
	for i := range 200 {
		want = append(want, fmt.Sprintf(`-rw------- 1 ftp ftp +0 [A-Z][a-z]{2} .\d \d\d:\d\d many-%03d`, i))
	}
	want = append(want, `-rw-r--r-- 1 ftp ftp +10 Feb  3  2001 small`, `drwxr-xr-x 1 ftp ftp +\d+ [A-Z][a-z]{2} .\d \d\d:\d\d sub`)
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d: %.300q", len(lines), len(want), lines)
	}
	for i, line := range lines {
		if !regexp.MustCompile("^" + want[i] + "$").MatchString(line) {
			t.Errorf("%q, want %s", line, want[i])
		}
	}
	stop()
}

// TestStore stores with curl, over what is there too, and reads it again.
func TestStore(t *testing.T) {
	curl := clienttest.Client(t, "curl")
	dir := site(t)
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir, "-write")
	for _, from := range []string{"large", "sub/empty", "large"} {
		clienttest.Run(t, curl, "-sS", "-T", filepath.Join(dir, from), "ftp://"+addr+"/sub/new")
		got, err := os.ReadFile(filepath.Join(dir, "sub/new"))
		want, err2 := os.ReadFile(filepath.Join(dir, from))
		if err != nil || err2 != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d, %v, %v", from, len(got), len(want), err, err2)
		}
	}
	for _, to := range []string{"/none/new", "/sub", "/../../secret/x", "/out"} {
		_, _, code := clienttest.RunCode(t, curl, "-sS", "--path-as-is", "-T", filepath.Join(dir, "small"), "ftp://"+addr+to)
		if _, err := os.Stat(filepath.Join(dir, "../secret/x")); code == 0 && to != "/out" || err == nil {
			t.Errorf("%s: code %d, %v", to, code, err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "../secret")); err != nil || string(got) != "secret" {
		t.Errorf("%q, %v", got, err)
	}
	stop()
	if left, err := filepath.Glob(filepath.Join(dir, "*/.ftp*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestParallel: four clients of one loop, each with the large file.
func TestParallel(t *testing.T) {
	curl := clienttest.Client(t, "curl")
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", site(t), "-loops", "1")
	dir := t.TempDir()
	args := []string{"-sS", "--parallel", "--parallel-immediate", "--parallel-max", "4"}
	for i := range 4 {
		args = append(args, "-o", fmt.Sprint(dir, "/", i), "ftp://"+addr+"/large")
	}
	clienttest.Run(t, curl, args...)
	for i := range 4 {
		if got, err := os.ReadFile(fmt.Sprint(dir, "/", i)); err != nil || !bytes.Equal(got, large) {
			t.Errorf("%d bytes of %d, %v", len(got), len(large), err)
		}
	}
	stop()
}

// TestDrain: SIGTERM says goodbye to who is idle.
func TestDrain(t *testing.T) {
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", site(t))
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	greeting := make([]byte, 100)
	if n, err := nc.Read(greeting); err != nil || !bytes.HasPrefix(greeting[:n], []byte("220 ")) {
		t.Fatal(greeting[:n], err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	var rest bytes.Buffer
	if _, err := rest.ReadFrom(nc); err != nil || rest.String() != "421 shutting down\r\n" {
		t.Errorf("%q, %v", rest.String(), err)
	}
	_ = nc.Close()
	<-stopped
}

// TestBadStart starts servers that cannot run: one line says why, and the exit code is 1.
func TestBadStart(t *testing.T) {
	bin := clienttest.Binary(t, ".")
	addr, _ := clienttest.Start(t, bin)
	for _, args := range [][]string{{"-addr", addr}, {"-addr", "127.0.0.1:0", "-dir", "/nowhere/at/all"}} {
		_, stderr, code := clienttest.RunCode(t, bin, args...)
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "ftp: ") {
			t.Errorf("%q: exit code %d, %q", args, code, stderr)
		}
	}
}
