//go:build linux

package loop_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each way in which asynchat is bettered names tests that exist.
func TestPortsNameTests(t *testing.T) {
	tests := map[string]bool{}
	for _, pattern := range []string{"*_test.go", "../match/*_test.go", "../producer/*_test.go", "../fuzz/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, error %v", pattern, err)
		}
		for _, name := range files {
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllStringSubmatch(readFile(t, name), -1) {
				tests[m[1]] = true
			}
		}
	}
	_, table, _ := strings.Cut(readFile(t, "../docs/from-asynchat.md"), "## Where it is better")
	rows := regexp.MustCompile(`(?m)^\|.*$`).FindAllString(table, -1)
	if len(rows) < 14 { // the head, its line, and the twelve ways
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows[2:] {
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(row, -1)
		if len(named) == 0 {
			t.Errorf("no test: %s", row)
		}
		for _, m := range named {
			if !tests[m[1]] {
				t.Errorf("no test %s", m[1])
			}
		}
	}
}

// The Go code of the pages for those who come from another library is the code of the examples, which compile and run. That of
// gnet is an example in bench/peers, a module of its own, which has the same test for it.
func TestPortsAreTheExamples(t *testing.T) {
	var examples strings.Builder
	files, err := filepath.Glob("port_*_example_test.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples, error %v", err)
	}
	for _, name := range files {
		examples.WriteString(readFile(t, name))
	}
	for page, want := range map[string]int{"from-asynchat": 3, "from-gnet": 1, "from-net": 2} {
		blocks := 0
		for _, block := range strings.Split(readFile(t, "../docs/"+page+".md"), "```go\n")[1:] {
			code, _, closed := strings.Cut(block, "```\n")
			if strings.Contains(code, "gnet.Conn") {
				continue
			}
			blocks++
			if !closed || !strings.Contains(examples.String(), code) {
				t.Errorf("%s: not in an example:\n%s", page, code)
			}
		}
		if blocks != want {
			t.Errorf("%s: %d blocks of Go, not %d", page, blocks, want)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}
