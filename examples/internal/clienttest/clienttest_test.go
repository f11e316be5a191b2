//go:build linux

package clienttest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

// recorder is a test that only notes what is said of it.
type recorder struct {
	testing.TB
	said     []string
	failed   bool
	skipped  bool
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) note(s string) { r.said = append(r.said, s); r.failed = true }

func (r *recorder) Error(args ...any)                 { r.note(fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) { r.note(fmt.Sprintf(format, args...)) }
func (r *recorder) Fatal(args ...any)                 { r.note(fmt.Sprint(args...)); runtime.Goexit() }
func (r *recorder) Fatalf(format string, args ...any) {
	r.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

func (r *recorder) Skipf(format string, args ...any) {
	r.said, r.skipped = append(r.said, fmt.Sprintf(format, args...)), true
	runtime.Goexit()
}

// record runs f as a test of its own, cleanups included.
func record(f func(t testing.TB)) *recorder {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, f := range r.cleanups {
				f()
			}
		}()
		f(r)
	}()
	<-done
	return r
}

// script makes an executable of a shell script.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	ready = `echo "x: listening on somewhere:1" >&2; `
	wait  = `while :; do sleep 0.05; done`
)

func TestStart(t *testing.T) {
	var addr string
	r := record(func(t2 testing.TB) {
		var stop func()
		addr, stop = Start(t2, script(t, `echo args: "$@" >&2; trap 'exit 0' TERM; `+ready+wait), "-x")
		stop()
		stop()
	})
	if r.failed || addr != "somewhere:1" || running.Load() != 0 {
		t.Errorf("address %q, said %q, %d run", addr, r.said, running.Load())
	}
}

func TestStartFailures(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"a bad exit code", `trap 'exit 3' TERM; ` + ready + wait, "exit status 3"},
		{"killed", ready + wait, "signal: terminated"},
		{"never ready", `echo oops "$1" "$2" "$3" >&2; exit 1`, "oops -addr 127.0.0.1:0 -x"},
	} {
		r := record(func(t2 testing.TB) { Start(t2, script(t, tt.body), "-x") })
		if !r.failed || !strings.Contains(strings.Join(r.said, "\n"), tt.want) {
			t.Errorf("%s: said %q, want %q", tt.name, r.said, tt.want)
		}
	}
	r := record(func(t2 testing.TB) {
		pipe := filepath.Join(t.TempDir(), "gone")
		_, stop := Start(t2, script(t, ready+`: >`+pipe+`; exit 0`))
		for {
			if _, err := os.Stat(pipe); err == nil && running.Load() == 0 {
				break
			}
			runtime.Gosched()
		}
		stop()
	})
	if !strings.Contains(strings.Join(r.said, "\n"), "ended by itself") {
		t.Errorf("a server that ends early: said %q", r.said)
	}
	if r := record(func(t2 testing.TB) { Start(t2, "/nowhere/at/all") }); !r.failed {
		t.Error("a server that is not there passes")
	}
}

func TestBinary(t *testing.T) {
	const pkg = "github.com/millrace-net/millrace/examples/httpd"
	first := Binary(t, pkg)
	if info, err := os.Stat(first); err != nil || info.Mode()&0o100 == 0 {
		t.Fatal(info, err)
	}
	if again := Binary(t, pkg); again != first {
		t.Errorf("built again: %s, then %s", first, again)
	}
	if r := record(func(t testing.TB) { Binary(t, "./none") }); !r.failed {
		t.Error("a package that is not there passes")
	}
}

func TestClient(t *testing.T) {
	if path := Client(t, "sh"); !filepath.IsAbs(path) {
		t.Error(path)
	}
	const missing = "no-such-client"
	t.Setenv(requireClients, "")
	r := record(func(t testing.TB) { Client(t, missing) })
	if !r.skipped || r.failed || !strings.Contains(r.said[0], missing) {
		t.Errorf("a missing client: said %q", r.said)
	}
	t.Setenv(requireClients, "1")
	if r := record(func(t testing.TB) { Client(t, missing) }); r.skipped || !r.failed {
		t.Errorf("a missing client that is required: said %q", r.said)
	}
}

func TestRun(t *testing.T) {
	if out := Run(t, "/bin/sh", "-c", "echo out; echo err >&2"); out != "out\n" {
		t.Errorf("%q", out)
	}
	out, errs, code := RunCode(t, "/bin/sh", "-c", "echo out; echo err >&2; exit 7")
	if out != "out\n" || errs != "err\n" || code != 7 {
		t.Errorf("%q %q %d", out, errs, code)
	}
	r := record(func(t testing.TB) { Run(t, "/bin/sh", "-c", "echo why >&2; exit 7") })
	if !strings.Contains(strings.Join(r.said, ""), "why") {
		t.Errorf("a client that fails: said %q", r.said)
	}
	if r := record(func(t testing.TB) { Run(t, "/nowhere/at/all") }); !r.failed {
		t.Error("a client that is not there passes")
	}
}
