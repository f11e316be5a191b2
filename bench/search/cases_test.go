package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// once measures as little as can be.
var once = plan{rounds: 1, batch: 1}

func TestEveryContenderIsRightInEveryCase(t *testing.T) {
	cases, f := fieldOf(t, drafts(1))
	for _, note := range f.notes {
		t.Log(note)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			entrants := f.entrants(c)
			if len(entrants) < 3 {
				t.Errorf("%d contenders", len(entrants))
			}
			for _, k := range entrants {
				if _, err := once.measure(c, []*contender{k}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// built returns the native programs that there are.
func built() (files []string) {
	for _, n := range natives {
		if _, err := os.Stat(filepath.Join(nativeDir, n.file)); err == nil {
			files = append(files, n.file)
		}
	}
	return files
}

// A program is there, or a note says why it is not; the one in C has to be there where everything is demanded.
func TestNativeProgramsAreBuilt(t *testing.T) {
	there := built()
	for _, n := range natives {
		isThere := slices.Contains(there, n.file)
		if noted := strings.Contains(buildNotes.String(), n.file+" is left out: "); noted == isThere {
			t.Errorf("%s: built %t, a note that it is left out %t", n.file, isThere, noted)
		}
		if !isThere && n.file == "search-c" && os.Getenv("MILLRACE_REQUIRE_CLIENTS") == "1" {
			t.Errorf("%s is demanded", n.file)
		}
	}
}

func TestEveryContenderTakesPart(t *testing.T) {
	cases, f := fieldOf(t, drafts(1))
	for i := range f.contenders {
		k, cameIn := &f.contenders[i], 0
		for _, c := range cases {
			if k.enters(c) {
				cameIn++
			}
		}
		if cameIn == 0 {
			t.Errorf("%s, task %d: in no case", k.name, k.task)
		}
	}
}

func TestNamesOfCasesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range drafts(1) {
		if seen[d.name] {
			t.Errorf("two cases are named %s", d.name)
		}
		seen[d.name] = true
	}
}

func TestLiteralsAreAbsentWhereTheyShouldBe(t *testing.T) {
	for _, d := range drafts(1) {
		group, _, _ := strings.Cut(d.name, "/")
		switch group {
		case "lines", "segment", "bytewise":
			continue
		}
		if bytes.Contains(d.text, []byte(d.literals[0])) {
			t.Errorf("%s: the literal is in the text", d.name)
		}
	}
}

func TestLengthsOfLiterals(t *testing.T) {
	for _, l := range []struct {
		literal string
		want    int
	}{{commonBoundary, 16}, {base62Boundary, 16}, {literal64, 64}} {
		if len(l.literal) != l.want {
			t.Errorf("%q has %d bytes, want %d", l.literal, len(l.literal), l.want)
		}
	}
}

func TestCommonLiteralsAreCommon(t *testing.T) {
	for _, l := range []struct{ literal, text string }{
		{commonBoundary, headers},
		{literal64, strings.Join(sentences, "")},
	} {
		for _, b := range []byte(l.literal) {
			if n := strings.Count(l.text, string(b)); n < 4 {
				t.Errorf("%q occurs %d times", b, n)
			}
		}
	}
}

func TestRandomLinesHaveTheMean(t *testing.T) {
	p := randomLines(32, "\r\n", 64*kib, 7)
	if mean := len(p) / bytes.Count(p, []byte("\r\n")); mean < 30 || mean > 34 {
		t.Errorf("lines of %d bytes, on average", mean)
	}
	if bytes.Equal(p, randomLines(32, "\r\n", 64*kib, 8)) {
		t.Error("two seeds, one text")
	}
	if !bytes.Equal(p, randomLines(32, "\r\n", 64*kib, 7)) {
		t.Error("one seed, two texts")
	}
}
