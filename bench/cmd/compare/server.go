package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// server is a running server. It ends when its standard input does, and is killed with this program.
type server struct {
	cmd   *exec.Cmd
	stdin io.Closer
	addr  string
}

// start starts a server on a new port and waits until it listens.
func (o *options) start(ctx context.Context, c cell, who contender) (*server, error) {
	args := append(who.argv[1:len(who.argv):len(who.argv)],
		"-addr", "127.0.0.1:0", "-mode", c.mode, "-loops", strconv.Itoa(c.loops))
	s := &server{cmd: exec.CommandContext(ctx, who.argv[0], args...)}
	s.cmd.Stderr = os.Stderr
	s.cmd.WaitDelay = time.Second
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.stdin = in
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startOn(s.cmd, o.cpuOf(c, o.serverCPU)); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if err != nil || !ok {
		_ = s.cmd.Process.Kill()
		return nil, fmt.Errorf("%s has not said where it listens, but %q: %w", who.name, line, s.cmd.Wait())
	}
	s.addr = addr
	return s, nil
}

// stop ends the server, which has to end well.
func (s *server) stop() error {
	s.stdin.Close()
	kill := time.AfterFunc(5*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("ending %v: %w", s.cmd.Args, err)
	}
	return nil
}

// startOn starts a command that may run on one processor only; -1 leaves it all.
func startOn(cmd *exec.Cmd, cpu int) error {
	if cpu < 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("binding to processor %d: %w", cpu, err)
	}
	err := cmd.Start() // a process inherits this from the thread that starts it
	if back := unix.SchedSetaffinity(0, &before); err == nil && back != nil {
		err = fmt.Errorf("sched_setaffinity: %w", back)
	}
	return err
}
