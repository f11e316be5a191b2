package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestProgramThatWasNotBuiltIsLeftOut(t *testing.T) {
	_, texts, err := casesOf(absentDrafts()[:1])
	if err != nil {
		t.Fatal(err)
	}
	f, err := newField(t.TempDir(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range f.notes {
		if !strings.Contains(note, "left out") {
			t.Errorf("note %q", note)
		}
	}
	if len(f.notes) != len(natives) || len(f.programs) != 0 {
		t.Errorf("notes %q, %d programs", f.notes, len(f.programs))
	}
}

// What a program cannot do ends it, and the driver hears of it.
func TestProgramThatEnds(t *testing.T) {
	for _, file := range built() { // TestNativeProgramsAreBuilt looks after the others
		t.Run(file, func(t *testing.T) {
			cases, texts, err := casesOf(absentDrafts()[:1])
			if err != nil {
				t.Fatal(err)
			}
			program, err := startNative(filepath.Join(nativeDir, file), texts)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := program.batch("juggle", cases[0], 1); err == nil {
				t.Error("no error")
			}
			if err := program.close(); err == nil {
				t.Error("the program has not failed")
			}
		})
	}
}

func TestProgramThatDoesNotGreet(t *testing.T) {
	_, texts, err := casesOf(absentDrafts()[:1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := startNative("/bin/true", texts); err == nil || !strings.Contains(err.Error(), "greet") {
		t.Errorf("error %v", err)
	}
}
