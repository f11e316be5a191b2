package ringbuf

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain fails the package if its tests leave a descriptor, a mapping or a goroutine behind.
func TestMain(m *testing.M) {
	var t leakTB
	ringMappings(&t) // the first file that is opened brings descriptors of the runtime's own, which stay
	files, mappings, goroutines := openFiles(&t), ringMappings(&t), runtime.NumGoroutine()
	code := m.Run()
	if n := openFiles(&t); n > files {
		t.Fatal("descriptors:", files, "before the tests,", n, "after")
	}
	if n := ringMappings(&t); n > mappings {
		t.Fatal("ring mappings:", mappings, "before the tests,", n, "after")
	}
	// A goroutine that has told its test that it is done may still be on its way out.
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("goroutines:", goroutines, "before the tests,", runtime.NumGoroutine(), "after")
		}
	}
	os.Exit(code)
}

// leakTB lets TestMain, which has no testing.T, use helpers that take one.
type leakTB struct{ testing.TB }

func (*leakTB) Helper() {}

func (*leakTB) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(1)
}
