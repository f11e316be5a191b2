package limit

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-net/millrace/internal/leaks"
)

// patience is for what has to happen soon, on a machine that is busy with something else.
const patience = 20 * time.Second

// A build is one way to compile the servers.
type build struct {
	name  string
	flags string
}

var (
	sanitized = build{"sanitized", "-Werror -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all"}
	fortified = build{"fortified", "-Werror -O2 -D_FORTIFY_SOURCE=2"}
)

// programs is where the builds are, each in a directory of its name.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "limit")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		programs = dir
		for _, b := range []build{sanitized, fortified} {
			cmd := exec.Command("./build", filepath.Join(dir, b.name))
			cmd.Env = append(os.Environ(), "CFLAGS="+b.flags)
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				fmt.Fprintln(os.Stderr, "build:", err)
				return 1
			}
		}
		return leaks.Run(m)
	}())
}

// path returns where a program was built; the test is skipped where it could not be.
func (b build) path(t *testing.T, program string) string {
	t.Helper()
	path := filepath.Join(programs, b.name, program)
	if _, err := os.Stat(path); err != nil {
		leaveOut(t, program+" could not be built")
	}
	return path
}

// leaveOut skips a test where the machine lacks what it needs, unless everything is demanded of it, as CI does. Some have
// no C compiler, and many switch io_uring off (kernel.io_uring_disabled, a container's seccomp filter): the programs cannot
// be right or wrong there, and a test that failed would tell a user of nothing that can be mended here.
func leaveOut(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("MILLRACE_REQUIRE_CLIENTS") == "1" {
		t.Fatal(why)
	}
	t.Skip(why + "; MILLRACE_REQUIRE_CLIENTS=1 demands it")
}

// A server is a program that runs.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout *bufio.Reader
	stderr bytes.Buffer
	addr   string
	peers  map[string]bool // by the ends of all connections to the server, as /proc writes them
}

// start runs a command. It is ended, and has to end well, when the test does.
func start(t *testing.T, command ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: exec.Command(command[0], command[1:]...), peers: map[string]bool{}}
	// Memory that was freed is to be used again soon, so that growth is that of the server.
	s.cmd.Env = append(os.Environ(), "ASAN_OPTIONS=quarantine_size_mb=1")
	s.cmd.Stderr = &s.stderr
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.stdin, s.stdout = stdin, bufio.NewReader(stdout)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	greeting, _ := s.stdout.ReadString('\n') // an error shows in the greeting
	var ok bool
	if s.addr, ok = strings.CutPrefix(strings.TrimSuffix(greeting, "\n"), "listening "); !ok {
		_ = s.cmd.Wait() // its code is what counts
		if s.cmd.ProcessState.ExitCode() == noUring {
			leaveOut(t, s.stderr.String())
		}
		t.Fatalf("%v: greeting %q, %s: %s", command, greeting, s.cmd.ProcessState, &s.stderr)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			s.end(stdin.Close)
		}
	})
	return s
}

// noUring is the exit code where there is no io_uring.
const noUring = 3

// end makes the server end, which it has to do in time, with code 0, without a word, and with nothing that a sanitizer tells.
func (s *server) end(how func() error) {
	s.t.Helper()
	if err := how(); err != nil {
		s.t.Error(err)
	}
	begin := time.Now()
	kill := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() }) // it may have ended just now
	defer kill.Stop()
	rest, err := io.ReadAll(s.stdout)
	if err != nil || len(rest) != 0 {
		s.t.Errorf("standard output goes on with %q, error %v", rest, err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Error(err)
	}
	if took := time.Since(begin); took > 2*time.Second {
		s.t.Errorf("it took %v to end", took)
	}
	if s.stderr.Len() != 0 {
		s.t.Errorf("standard error: %s", &s.stderr)
	}
}

// file reads a file of the server's in /proc.
func (s *server) file(name string) string {
	s.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// memory returns the server's resident memory in bytes.
func (s *server) memory() int {
	s.t.Helper()
	for line := range strings.Lines(s.file("status")) {
		if kib, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kib), "kB")))
			if err != nil {
				s.t.Fatal(err)
			}
			return n << 10
		}
	}
	s.t.Fatal("no VmRSS")
	return 0
}

// descriptors returns how many the server has open.
func (s *server) descriptors() int {
	s.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries)
}

// connections returns how many connections the server has not closed: those of io_uring have no descriptors.
func (s *server) connections() int {
	s.t.Helper()
	const established, closeWait = "01", "08"
	open := map[string]bool{} // a line may be there twice while others come and go
	for line := range strings.Lines(s.file("net/tcp")) {
		f := strings.Fields(line) // number, local address, remote address, state
		if ends := f[1] + " " + f[2]; s.peers[ends] && (f[3] == established || f[3] == closeWait) {
			open[ends] = true
		}
	}
	return len(open)
}

// ends writes the ends of a connection as /proc does.
func ends(local, remote net.Addr) string {
	var both []string
	for _, addr := range []net.Addr{local, remote} {
		tcp := addr.(*net.TCPAddr)
		both = append(both, fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(tcp.IP.To4()), tcp.Port))
	}
	return strings.Join(both, " ")
}
