//go:build linux

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
	"sync"
	"syscall"
	"time"

	"github.com/millrace-net/millrace/bench/internal/census"
)

const (
	startTime = time.Minute // bounds the start of a server
	stopTime  = time.Minute // and its end
)

// server is an example at work, as a process.
//
// Invariant: addrs is complete before start returns, and immutable from then on.
type server struct {
	name  string
	cmd   *exec.Cmd
	addrs map[string]string // by service
	ready chan struct{}     // closed when addrs is complete
	wait  sync.WaitGroup    // readers of its output

	mu         sync.Mutex
	complaints []string // what it has said on standard error that is no address; guarded by mu

	start census.Count // idle, before the traffic
	end   census.Count // idle, after it
	err   error        // how it ended
}

// startServer starts bin/name with arguments and waits until it listens for so many services. Its temporary files go to
// temp.
func startServer(bin, name, temp string, services int, args ...string) (*server, error) {
	s := &server{name: name, addrs: map[string]string{}, ready: make(chan struct{})}
	s.cmd = exec.Command(filepath.Join(bin, name), args...)
	s.cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	// Signals of the terminal are for the soak, which ends its servers itself.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	stdout, err1 := s.cmd.StdoutPipe()
	stderr, err2 := s.cmd.StderrPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	left := services
	s.wait.Go(func() { s.read(stdout, &left, false) })
	s.wait.Go(func() { s.read(stderr, &left, true) })
	select {
	case <-s.ready:
		return s, nil
	case <-time.After(startTime):
		_ = s.cmd.Process.Kill()
		s.wait.Wait()
		return nil, fmt.Errorf("%s does not listen: %q, %v", name, s.complaints, s.cmd.Wait())
	}
}

// read takes in what the server prints.
func (s *server) read(from io.Reader, left *int, complaints bool) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		service, addr, found := strings.Cut(strings.TrimSpace(lines.Text()), ": listening on ")
		s.mu.Lock()
		switch {
		case found:
			s.addrs[service], _, _ = strings.Cut(addr, " ")
			if *left--; *left == 0 {
				close(s.ready)
			}
		case complaints:
			s.complaints = append(s.complaints, lines.Text())
		}
		s.mu.Unlock()
	}
}

// count counts what the server holds.
func (s *server) count() (census.Count, error) { return census.Of(s.cmd.Process.Pid) }

// stop interrupts the server, as Ctrl-C does, and waits for its end, of which it keeps the error.
func (s *server) stop() {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.err = err
	}
	kill := time.AfterFunc(stopTime, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	s.wait.Wait()
	if err := s.cmd.Wait(); err != nil {
		s.err = err
	}
}
