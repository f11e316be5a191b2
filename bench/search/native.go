package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// native is a contender's program. It measures by itself; each batch is one line to it and one line from it.
type native struct {
	greeting string // what was built, and of what
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
}

// startNative starts a program, on the processor of this thread, with the texts as its descriptor 3. The error is
// os.ErrNotExist if it was not built.
func startNative(path string, texts *memory) (*native, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	n := &native{cmd: exec.Command(path)}
	n.cmd.Stderr = os.Stderr
	n.cmd.ExtraFiles = []*os.File{texts.file}
	var err error
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	n.out = bufio.NewReader(out)
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	if n.greeting, err = n.out.ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not greet: %w", path, err), n.close())
	}
	n.greeting = strings.TrimSpace(n.greeting)
	return n, nil
}

// close lets the program end, and waits for that.
func (n *native) close() error {
	n.in.Close()
	if err := n.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(n.cmd.Path), err)
	}
	return nil
}

// batch has the program do its work on a case.
func (n *native) batch(work string, c *searchCase, iterations int) (time.Duration, answer, error) {
	literal := c.literals[0]
	_, err := fmt.Fprintf(n.in, "%s %d %d %d %d %d\n", work,
		literal.offset, len(literal.bytes), c.text.offset, len(c.text.bytes), iterations)
	if err != nil {
		return 0, 0, fmt.Errorf("asking %s: %w", filepath.Base(n.cmd.Path), err)
	}
	line, err := n.out.ReadString('\n')
	if err != nil {
		return 0, 0, fmt.Errorf("%s has ended: %w", filepath.Base(n.cmd.Path), err)
	}
	var elapsed time.Duration
	var found answer
	if _, err := fmt.Sscanf(line, "%d %d\n", &elapsed, &found); err != nil {
		return 0, 0, fmt.Errorf("%s answers %q: %w", filepath.Base(n.cmd.Path), line, err)
	}
	return elapsed, found, nil
}

// contender makes one of the program's works a contender.
func (n *native) contender(name, work string, t task, fits func(*searchCase) bool) contender {
	return contender{
		name: name, task: t, fits: fits,
		prepare: func(c *searchCase) (batch, error) {
			return func(iterations int) (time.Duration, answer, error) { return n.batch(work, c, iterations) }, nil
		},
	}
}

// cContenders are those of glibc, and the read limit.
func cContenders(n *native) []contender {
	return []contender{
		n.contender("glibc memmem", "first_memmem", first, oneLiteral),
		n.contender("glibc memchr", "first_memchr", first, shortLiteral),
		n.contender("glibc memmem", "every_memmem", elements, oneLiteral),
		n.contender("glibc memchr", "every_memchr", elements, shortLiteral),
		n.contender("read limit", "read", load, always),
	}
}

// rustContenders are those of the memchr crate.
func rustContenders(n *native) []contender {
	return []contender{
		n.contender("Rust memmem", "first_memmem", first, oneLiteral),
		n.contender("Rust memmem", "every_memmem", elements, oneLiteral),
		n.contender("Rust memchr", "every_memchr", elements, oneByte),
	}
}

// natives is which programs there are.
var natives = []struct {
	file       string
	contenders func(*native) []contender
}{
	{"search-c", cContenders},
	{"search-rust", rustContenders},
}
