package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop"
)

// serverEnv makes the test binary the server of a benchmark: "library workload".
const serverEnv = "MILLRACE_BENCH_SERVER"

// TestMain is the server's main where serverEnv is set.
func TestMain(m *testing.M) {
	if what := os.Getenv(serverEnv); what != "" {
		lib, name, _ := strings.Cut(what, " ")
		if err := serve(lib, name); err != nil {
			log.Fatal(err)
		}
		return
	}
	describeMachine()
	os.Exit(m.Run())
}

// serve runs one server until its standard input ends.
func serve(lib, name string) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
		time.AfterFunc(10*time.Second, func() { os.Exit(1) })
	}()
	for _, w := range workloads() {
		if w.name == name && lib == "millrace" {
			return serveOurs(ctx, w.ours)
		}
		if w.name == name && lib == "net" {
			return serveStd(ctx, w.std)
		}
	}
	return fmt.Errorf("no workload %q or library %q", name, lib)
}

func serveOurs(ctx context.Context, f loop.Factory) error {
	s, err := loop.NewSet(loop.Options{Loops: 1, DrainTimeout: 100 * time.Millisecond})
	if err != nil {
		return err
	}
	ln, err := s.Listen("tcp", "127.0.0.1:0", f)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Println(ln.Addr())
	return s.Run(ctx)
}

func serveStd(ctx context.Context, serve func(net.Conn)) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	context.AfterFunc(ctx, func() { ln.Close() })
	for {
		nc, err := ln.Accept()
		if err != nil {
			return nil
		}
		go func() {
			serve(nc)
			nc.Close()
		}()
	}
}

type server struct {
	addr string
	pid  int
}

// startServer starts a server process on the first processor, with one P, and stops it when the benchmark ends.
func startServer(b *testing.B, lib, name string) *server {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), serverEnv+"="+lib+" "+name, "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	restore := pinThread(b, firstCPU) // the child inherits it
	err = cmd.Start()
	restore()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("the server: %v", err)
		}
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &server{strings.TrimSpace(addr), cmd.Process.Pid}
}

// cpuTime is what all threads of the server have run, in nanoseconds (proc(5), schedstat).
func (s *server) cpuTime(b *testing.B) (sum int64) {
	b.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.pid))
	if err != nil || len(files) == 0 {
		b.Fatalf("no schedstat: %v", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += ns
	}
	return sum
}

func firstCPU(all *unix.CPUSet) (cpu int) {
	for !all.IsSet(cpu) {
		cpu++
	}
	return cpu
}

func lastCPU(all *unix.CPUSet) int {
	last := 0
	for cpu := range len(all) * 64 {
		if all.IsSet(cpu) {
			last = cpu
		}
	}
	return last
}

// pinThread locks the goroutine to its thread, and that to a processor, until the returned func undoes it.
func pinThread(b *testing.B, choose func(all *unix.CPUSet) int) (restore func()) {
	b.Helper()
	runtime.LockOSThread()
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		b.Fatal(err)
	}
	one.Set(choose(&all))
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		b.Fatal(err)
	}
	return func() {
		if err := unix.SchedSetaffinity(0, &all); err != nil {
			b.Error(err)
		}
		runtime.UnlockOSThread()
	}
}
