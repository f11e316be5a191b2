package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const one = `# a comment
scenario: 5
without: the generation
test: ./loop TestScenario05
flags: -tags poison
args: -test.count=2
hangs: true
file: a.go
-- old
	if x {

		y()
-- new
	if true {
-- end
file: a.go
-- old
z
-- new
-- end
`

func TestParse(t *testing.T) {
	entries, err := parse("one", one)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	e := entries[0]
	if e.scenario != 5 || e.without != "the generation" || e.pkg != "./loop" || e.run != "TestScenario05" || !e.hangs {
		t.Errorf("%+v", e)
	}
	if strings.Join(e.flags, "+") != "-tags+poison" || strings.Join(e.args, "+") != "-test.count=2" {
		t.Errorf("flags %q, args %q", e.flags, e.args)
	}
	want := []edit{{"a.go", "\tif x {\n\n\t\ty()", "\tif true {"}, {"a.go", "z", ""}}
	if len(e.edits) != 2 || e.edits[0] != want[0] || e.edits[1] != want[1] {
		t.Errorf("edits %q", e.edits)
	}
	for _, cut := range []string{"scenario: 5\n", "without: the generation\n", "-- new\n", "-- end\n", "file: a.go\n"} {
		if _, err := parse("one", strings.ReplaceAll(one, cut, "")); err == nil {
			t.Errorf("without %q it is taken all the same", cut)
		}
	}
}

func TestMutate(t *testing.T) {
	entries, err := parse("one", one)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"a\n\tif x {\n\n\t\ty()\n}\nz\n":  "a\n\tif true {\n}\n\n",
		"a\n\tif x {\n\n\t\ty()\n}\nzz\n": "", // twice
		"a\n\tif x {\n\t\ty()\n}\nz\n":    "", // not at all
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		files, err := entries[0].mutate(dir)
		if files["a.go"] != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q, %v", text, files["a.go"], err)
		}
	}
}
