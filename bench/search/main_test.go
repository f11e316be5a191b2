package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-net/millrace/internal/leaks"
)

// nativeDir is where the native programs are built for the tests, and buildNotes what was said of those that are not.
var (
	nativeDir  string
	buildNotes bytes.Buffer
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "search")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		nativeDir = dir
		build := exec.Command("./build", dir)
		build.Stdout, build.Stderr = io.MultiWriter(os.Stdout, &buildNotes), os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "build:", err)
			return 1
		}
		return leaks.Run(m)
	}())
}

// optionsOf returns the options of a command line, with the native programs of the tests.
func optionsOf(t *testing.T, args ...string) *options {
	t.Helper()
	o, err := parseOptions(append([]string{"-native", nativeDir}, args...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// fieldOf returns the cases of drafts, and all contenders.
func fieldOf(t *testing.T, all []draft) ([]*searchCase, *field) {
	t.Helper()
	cases, texts, err := casesOf(all)
	if err != nil {
		t.Fatal(err)
	}
	f, err := newField(nativeDir, texts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	})
	return cases, f
}

func TestRunWritesEverything(t *testing.T) {
	dir := t.TempDir()
	record := filepath.Join(dir, "record.txt")
	o := optionsOf(t, "-rounds", "2", "-batch", "1us", "-record", record, "-plots", dir, "-run", "absent|lines/CRLF|bytewise")
	var out strings.Builder
	if err := run(o, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"absent/CRLF/64B", "lines/CRLF/random32B", "bytewise/CRLF/32B", "Go bufio.Scanner", "GB/s", "ns/line"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables do not mention %s", want)
		}
	}
	written, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(written)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rows++
		if n := strings.Count(line, "\t"); n != 4 {
			t.Errorf("%d tabs in %q, want 4: case, contender, iterations, two rounds", n, line)
		}
	}
	if tables := strings.Count(out.String(), "Go bytes.Index"); rows < 2*tables || tables == 0 {
		t.Errorf("%d rows in the record", rows)
	}
	for _, p := range plots {
		svg, err := os.ReadFile(filepath.Join(dir, p.file))
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(svg), "Go bytes.Index") {
			t.Errorf("%s does not name a contender", p.file)
		}
	}
}

func TestListMeasuresNothing(t *testing.T) {
	var out strings.Builder
	if err := run(optionsOf(t, "-list", "-run", "^boundary/common/"), &out); err != nil {
		t.Fatal(err)
	}
	if want := "boundary/common/4KiB\nboundary/common/64KiB\nboundary/common/1MiB\n"; out.String() != want {
		t.Errorf("listed %q, want %q", out.String(), want)
	}
}

func TestNoSuchCase(t *testing.T) {
	if err := run(optionsOf(t, "-run", "no such case"), &strings.Builder{}); err == nil {
		t.Error("no error")
	}
}

func TestBadOptions(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"-batch", "0s"}, {"-run", "("}, {"more"}} {
		if _, err := parseOptions(args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
