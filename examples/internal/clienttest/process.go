//go:build linux

package clienttest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	readyTimeout = 20 * time.Second // for the ready line, on a busy machine
	stopTimeout  = 10 * time.Second // from SIGTERM to the exit
)

// running is the number of processes that Start began and that have not ended.
var running atomic.Int64

// process is a server under test.
//
// Invariant: err is set before done is closed and not changed after.
type process struct {
	cmd  *exec.Cmd
	log  transcript
	done chan struct{} // closed when the process has ended
	err  error         // what Wait said
}

// Start starts the server bin with -addr 127.0.0.1:0 before args, where a later -addr counts instead, and
// waits for its line "NAME: listening on ADDR". It returns ADDR, and a function that ends the server: it sends
// SIGTERM and fails the test unless the server exits with code 0 within 10 s. stop is called at the end of the
// test if it was not before; a second call does nothing. On the test's goroutine only.
func Start(t testing.TB, bin string, args ...string) (addr string, stop func()) {
	t.Helper()
	ctx, cancel := testContext(t)
	p := &process{
		cmd:  exec.CommandContext(ctx, bin, append([]string{"-addr", "127.0.0.1:0"}, args...)...),
		done: make(chan struct{}),
	}
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	running.Add(1)
	ready := make(chan string, 1)
	go p.follow(stderr, ready, cancel)
	stop = sync.OnceFunc(func() { p.stop(t) })
	t.Cleanup(stop)
	select {
	case addr = <-ready:
	case <-p.done:
		t.Fatalf("%s ended before it was ready: %v\n%s", bin, p.err, p.log.String())
	case <-time.After(readyTimeout):
		t.Fatalf("%s is not ready after %v\n%s", bin, readyTimeout, p.log.String())
	}
	return addr, stop
}

// follow reads what the process says until it ends.
func (p *process) follow(stderr io.Reader, ready chan<- string, cancel func()) {
	lines := bufio.NewScanner(stderr)
	for told := false; lines.Scan(); {
		p.log.add(lines.Bytes())
		if _, addr, ok := strings.Cut(lines.Text(), ": listening on "); ok && !told {
			told = true
			ready <- addr
		}
	}
	_, _ = io.Copy(io.Discard, stderr) // a line too long for the scanner must not block the process
	p.err = p.cmd.Wait()
	cancel()
	running.Add(-1)
	close(p.done)
}

func (p *process) stop(t testing.TB) {
	t.Helper()
	select {
	case <-p.done:
		t.Errorf("the server ended by itself: %v\n%s", p.err, p.log.String())
		return
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill() // gone already is as good
		<-p.done
		t.Errorf("the server did not end within %v of SIGTERM\n%s", stopTimeout, p.log.String())
		return
	}
	if p.err != nil {
		t.Errorf("the server ended with %v\n%s", p.err, p.log.String())
	}
}

// testContext is done a little before the deadline of the test run, so that no process outlives it.
func testContext(t testing.TB) (context.Context, context.CancelFunc) {
	if d, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := d.Deadline(); ok {
			return context.WithDeadline(context.Background(), deadline.Add(-2*time.Second))
		}
	}
	return context.WithCancel(context.Background())
}

// transcript keeps the last lines of what a process said.
//
// Invariant: len(lines) <= maxLines.
type transcript struct {
	mu    sync.Mutex
	lines [][]byte
}

const maxLines = 100

func (tr *transcript) add(line []byte) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.lines) == maxLines {
		tr.lines = append(tr.lines[:0], tr.lines[1:]...)
	}
	tr.lines = append(tr.lines, bytes.Clone(line))
}

// String returns the lines.
func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return string(bytes.Join(tr.lines, []byte("\n")))
}
