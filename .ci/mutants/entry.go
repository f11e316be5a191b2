package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// entry is one protection: what is taken out, and the test that has to notice.
type entry struct {
	where    string // file and line of the entry
	scenario int
	without  string   // what is taken out, in a sentence
	pkg      string   // as go test has it
	run      string   // the pattern for -run
	flags    []string // of go test, for the build: -tags poison, -race
	args     []string // of the test binary: -test.count=5, -torture
	hangs    bool     // the test may also notice by never ending
	edits    []edit
}

// edit is one change of one file. The old text occurs in it exactly once.
type edit struct {
	file     string
	old, new string
}

// The parts of a block of text. What stands between two of them is the text, without the last line's end.
const (
	oldMark = "-- old"
	newMark = "-- new"
	endMark = "-- end"
)

// parse reads the entries of a file. A line is "key: value"; an entry begins with its scenario, a change with its
// file and two blocks of text. Lines that begin with # are for the reader.
func parse(name, text string) ([]entry, error) {
	var entries []entry
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if line == "" || line[0] == '#' {
			continue
		}
		where := fmt.Sprintf("%s:%d", name, i+1)
		key, value, ok := strings.Cut(line, ": ")
		if !ok || (len(entries) == 0 && key != "scenario") {
			return nil, fmt.Errorf("%s: %q makes no sense here", where, line)
		}
		if key == "scenario" {
			entries = append(entries, entry{where: where})
		}
		e := &entries[len(entries)-1]
		if key == "file" {
			change, end, err := parseEdit(value, lines, i+1)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", where, err)
			}
			e.edits = append(e.edits, change)
			i = end
		} else if err := e.set(key, value); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	for i := range entries {
		if err := entries[i].whole(); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// set takes one line of an entry.
func (e *entry) set(key, value string) (err error) {
	switch key {
	case "scenario":
		e.scenario, err = strconv.Atoi(value)
	case "without":
		e.without = value
	case "test":
		e.pkg, e.run, _ = strings.Cut(value, " ")
	case "flags":
		e.flags = strings.Fields(value)
	case "args":
		e.args = strings.Fields(value)
	case "hangs":
		e.hangs, err = strconv.ParseBool(value)
	default:
		err = fmt.Errorf("no such key: %q", key)
	}
	return err
}

// whole sees that nothing is missing.
func (e *entry) whole() error {
	if e.scenario < 1 || e.without == "" || e.pkg == "" || e.run == "" || len(e.edits) == 0 {
		return fmt.Errorf("%s: an entry needs a scenario, without, test and file", e.where)
	}
	return nil
}

// parseEdit reads the two blocks of a change from line i on; end is its last line.
func parseEdit(file string, lines []string, i int) (change edit, end int, err error) {
	change.file = file
	if i >= len(lines) || lines[i] != oldMark {
		return change, i, fmt.Errorf("file %s is not followed by %q", file, oldMark)
	}
	change.old, i, err = block(lines, i+1, newMark)
	if err == nil {
		change.new, i, err = block(lines, i+1, endMark)
	}
	if err == nil && change.old == "" {
		err = fmt.Errorf("nothing to look for in %s", file)
	}
	return change, i, err
}

// block is the text from line i up to a mark, and where that is.
func block(lines []string, i int, mark string) (text string, at int, err error) {
	for at = i; at < len(lines); at++ {
		if lines[at] == mark {
			return strings.Join(lines[i:at], "\n"), at, nil
		}
	}
	return "", at, fmt.Errorf("%q is missing", mark)
}

// mutate is the text of every file that the entry changes, by its path below root.
func (e *entry) mutate(root string) (map[string]string, error) {
	files := map[string]string{}
	for _, change := range e.edits {
		text, ok := files[change.file]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, change.file))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.where, err)
			}
			text = string(b)
		}
		if n := strings.Count(text, change.old); n != 1 {
			return nil, fmt.Errorf("%s: %s has the text %d times, not once:\n%s", e.where, change.file, n, change.old)
		}
		files[change.file] = strings.Replace(text, change.old, change.new, 1)
	}
	return files, nil
}
