//go:build linux

package loop

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/match"
)

// childEnv names what this binary runs instead of tests, in a process of its own.
const childEnv = "MILLRACE_TEST_CHILD"

// children are what a test starts as another process.
var children = map[string]func() error{
	"few-descriptors":     serveWithFewDescriptors,
	"grabbed-descriptors": serveAgainstAGrabber,
	"first-timer":         startTimerWithoutDescriptors,
}

// limitDescriptors allows this process 40 descriptors.
func limitDescriptors() error {
	few := unix.Rlimit{Cur: 40, Max: 40}
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &few)
}

// runChild does what the environment names, if it names something.
func runChild() {
	child, ok := children[os.Getenv(childEnv)]
	if !ok {
		return
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serveWithFewDescriptors echoes lines until its standard input ends, and may open 40 descriptors. It logs to
// standard error.
func serveWithFewDescriptors() error {
	if err := limitDescriptors(); err != nil {
		return err
	}
	set, err := NewSet(Options{Loops: 1, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	ln, err := set.Listen("tcp", "127.0.0.1:0", func(c *Conn) Handler {
		c.SetTerminator(match.CRLF)
		return HandlerFunc(echoLine)
	})
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return set.Run(ctx)
}

// child is a process that a test has started.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	log   bytes.Buffer
	addr  string
}

// startChild starts one, which prints its address first.
func startChild(t *testing.T, name string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), childEnv+"="+name)
	c.cmd.Stderr = &c.log
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin = stdin
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil { // the test has failed before it came to stop
			stdin.Close()
			t.Log(c.cmd.Wait(), c.log.String())
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err, c.cmd.Wait(), c.log.String())
	}
	c.addr = strings.TrimSpace(line)
	return c
}

// stop ends the process, and returns what it has logged.
func (c *child) stop(t *testing.T) string {
	t.Helper()
	c.stdin.Close()
	if err := c.cmd.Wait(); err != nil {
		t.Error(err, c.log.String())
	}
	return c.log.String()
}

// cpu returns the processor time that the process has used: fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
func (c *child) cpu(t *testing.T) time.Duration {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:])) // field 3 on
	var ticks int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// echoes tells whether a connection answers within a time.
func echoes(nc net.Conn, within time.Duration) bool {
	_ = nc.SetDeadline(time.Now().Add(within))
	if _, err := io.WriteString(nc, "hello\r\n"); err != nil {
		return false
	}
	p := make([]byte, 7)
	_, err := io.ReadFull(nc, p)
	return err == nil && string(p) == "hello\r\n"
}

// Scenario 1: a server that may open 40 descriptors is dialled 60 times. Those it has accepted go on, those it has not
// wait, it neither spins nor floods its log, and when descriptors come free it accepts again.
func TestScenario01DescriptorsRunOut(t *testing.T) {
	c, start := startChild(t, "few-descriptors"), time.Now()
	var in, waiting []net.Conn
	for range 60 {
		nc, err := net.Dial("tcp", c.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if len(waiting) == 0 && echoes(nc, 2*time.Second) {
			in = append(in, nc)
		} else {
			waiting = append(waiting, nc)
		}
	}
	if len(in) < 20 || len(waiting) < 20 {
		t.Fatalf("%d connections were accepted, %d wait", len(in), len(waiting))
	}
	before, began := c.cpu(t), time.Now()
	time.Sleep(2 * time.Second)
	share := float64(c.cpu(t)-before) / float64(time.Since(began))
	t.Logf("%d accepted, %d waiting: %.1f%% of a processor in %v", len(in), len(waiting), 100*share, time.Since(began))
	if share > 0.02 {
		t.Errorf("out of descriptors, the server uses %.1f%% of a processor", 100*share)
	}
	for i, nc := range in {
		if !echoes(nc, 5*time.Second) {
			t.Errorf("open connection %d does not answer", i)
		}
	}
	for _, nc := range in {
		nc.Close()
	}
	freed := time.Now()
	for i, nc := range waiting {
		_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
		p := make([]byte, 7)
		if i == 0 { // it has said hello already
			if _, err := io.ReadFull(nc, p); err != nil || string(p) != "hello\r\n" {
				t.Errorf("the first that waited got %q, %v", p, err)
			}
			t.Logf("accepted again after %v", time.Since(freed))
		} else if !echoes(nc, 10*time.Second) {
			t.Errorf("connection %d of those that waited does not answer", i)
		}
		if t.Failed() {
			break // the rest would wait as long
		}
		nc.Close() // all of them together would be too many again
	}
	log := c.stop(t)
	if lines := strings.Count(log, "\n"); lines < 1 || lines > int(time.Since(start)/time.Second)+2 {
		t.Errorf("%d lines of log in %v:\n%s", lines, time.Since(start), log)
	}
}
