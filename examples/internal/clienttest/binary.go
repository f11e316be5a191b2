//go:build linux

package clienttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// binaries are the programs built so far.
//
// Invariant: dir == "" before Main and after it, and paths is empty then.
var binaries struct {
	sync.Mutex
	dir   string
	paths map[string]string // by package
}

// Main runs the tests of a package and exits with their code. It keeps what Binary builds until then. TestMain
// calls it, as its last statement. It fails the run if a process that Start began is still there at the end.
func Main(m *testing.M) {
	os.Exit(run(m.Run))
}

func run(tests func() int) (code int) {
	dir, err := os.MkdirTemp("", "millrace-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "clienttest:", err)
		return 1
	}
	binaries.Lock()
	binaries.dir, binaries.paths = dir, map[string]string{}
	binaries.Unlock()

	code = tests()

	if n := running.Load(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "clienttest: %d servers still run\n", n)
		code = 1
	}
	binaries.Lock()
	defer binaries.Unlock()
	binaries.dir, binaries.paths = "", nil
	if err := os.RemoveAll(dir); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "clienttest:", err)
		code = 1
	}
	return code
}

// Binary builds the program pkg, an import path or a path relative to the test's folder, once for all tests of
// the run, and returns the path of the executable, which is there until Main ends. It fails the test if the
// program does not build. On the test's goroutine only.
func Binary(t testing.TB, pkg string) string {
	t.Helper()
	binaries.Lock()
	defer binaries.Unlock()
	if binaries.dir == "" {
		t.Fatal("clienttest: TestMain does not call clienttest.Main")
	}
	if path, ok := binaries.paths[pkg]; ok {
		return path
	}
	path := filepath.Join(binaries.dir, fmt.Sprintf("server%d", len(binaries.paths)))
	out, err := exec.Command("go", "build", "-o", path, pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	binaries.paths[pkg] = path
	return path
}
