package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// What became of a mutant. All but caught end the run with an error.
const (
	caught   = "caught"
	survived = "SURVIVED"
	hung     = "HUNG"         // the test never ended, and the entry does not say that it may
	unsound  = "TEST FAILS"   // without any change, too
	empty    = "NO TEST"      // the pattern matches none, or all are skipped
	unbuilt  = "DOES NOT FIT" // the text is not there, or what comes of it does not build
)

// limit is how long a test may run, as -test.timeout has it.
const limit = "120s"

// runner runs entries against the tree at root; work is a directory of its own.
type runner struct {
	root    string
	work    string
	built   map[string]string // binaries without a change, by package and flags
	sound   map[string]string // results of tests without a change, by all that selects them
	verbose bool
}

// run says what became of the mutant of an entry.
func (r *runner) run(e entry) string {
	key := fmt.Sprint(e.pkg, e.run, e.flags, e.args)
	if _, ok := r.sound[key]; !ok {
		r.sound[key] = r.test(e, "")
	}
	switch result := r.sound[key]; result {
	case survived:
	case caught:
		return unsound
	default:
		return result
	}
	overlay, err := r.overlay(e)
	if err != nil {
		fmt.Println(err)
		return unbuilt
	}
	result := r.test(e, overlay)
	if result == hung && e.hangs {
		return caught
	}
	return result
}

// overlay writes the changed files, and the list of them that go's -overlay wants.
func (r *runner) overlay(e entry) (name string, err error) {
	files, err := e.mutate(r.root)
	if err != nil {
		return "", err
	}
	list := struct{ Replace map[string]string }{map[string]string{}}
	for file, text := range files {
		changed := filepath.Join(r.work, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(changed, []byte(text), 0o644); err != nil {
			return "", err
		}
		list.Replace[filepath.Join(r.root, file)] = changed
	}
	b, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	name = filepath.Join(r.work, "overlay.json")
	return name, os.WriteFile(name, b, 0o644)
}

// test builds and runs the test of an entry, with an overlay unless it is "": caught if it fails, survived if it
// passes.
func (r *runner) test(e entry, overlay string) string {
	binary := filepath.Join(r.work, "test")
	args := append([]string{"test", "-c", "-o", binary}, e.flags...)
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	if out, err := r.command(r.root, "go", append(args, e.pkg)...); err != nil {
		fmt.Printf("%s: %s\n%s", e.where, err, out)
		return unbuilt
	}
	args = append([]string{"-test.run", e.run, "-test.timeout", limit, "-test.v"}, e.args...)
	out, err := r.command(filepath.Join(r.root, e.pkg), binary, args...)
	if r.verbose && err != nil {
		fmt.Printf("%s", tail(out))
	}
	switch {
	case bytes.Contains(out, []byte("panic: test timed out after ")):
		return hung
	case err != nil:
		return caught
	case !bytes.Contains(out, []byte("--- PASS: ")):
		return empty
	default:
		return survived
	}
}

// command runs a program in a directory until it ends, and gives what it says.
func (r *runner) command(dir, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second // what the test started may outlive it, with its output open
	return cmd.CombinedOutput()
}

// tail is the end of what a test said.
func tail(out []byte) []byte {
	const most = 4096
	if len(out) > most {
		out = out[len(out)-most:]
	}
	return out
}
