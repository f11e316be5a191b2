package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process is one whose use of the machine is read from /proc (proc(5)).
type process int

// usage is what a process has used since it began.
type usage struct {
	threads      map[string]threadUsage // by their numbers
	user, system int64                  // nanoseconds, in steps of a tick
	calls        *calls                 // nil if they may not be read
}

// threadUsage is what one thread has used, or several.
type threadUsage struct {
	ran         int64 // nanoseconds that it had a processor
	voluntary   int64 // context switches because it waited
	involuntary int64 // and because another was to run
}

// calls are a process's system calls of the read and of the write family.
type calls struct{ read, written int64 }

// path returns where the kernel tells something of the process.
func (p process) path(name string) string { return filepath.Join("/proc", strconv.Itoa(int(p)), name) }

// usage reads what the process has used.
func (p process) usage() (usage, error) {
	u := usage{threads: make(map[string]threadUsage)}
	if err := u.addThreads(p); err != nil {
		return u, err
	}
	var err error
	if u.user, u.system, err = p.times(); err != nil {
		return u, err
	}
	u.calls, err = p.calls()
	return u, err
}

// ownUsage reads what this process has used; it can tell the times in user mode and in the kernel more exactly.
func ownUsage() (usage, error) {
	u, err := process(os.Getpid()).usage()
	if err != nil {
		return u, err
	}
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		return u, fmt.Errorf("getrusage: %w", err)
	}
	u.user, u.system = r.Utime.Nano(), r.Stime.Nano()
	return u, nil
}

// threadsSince returns what all threads have used since an earlier time, and how many of those from then have ended:
// what these have used is not known.
func (u usage) threadsSince(earlier usage) (sum threadUsage, ended int) {
	for thread, now := range u.threads {
		before := earlier.threads[thread] // all 0 of a new one
		sum.ran += now.ran - before.ran
		sum.voluntary += now.voluntary - before.voluntary
		sum.involuntary += now.involuntary - before.involuntary
	}
	for thread := range earlier.threads {
		if _, ok := u.threads[thread]; !ok {
			ended++
		}
	}
	return sum, ended
}

// addThreads reads the figures that the kernel keeps of each thread. A thread that ends meanwhile is left out.
func (u *usage) addThreads(p process) error {
	all, err := os.ReadDir(p.path("task"))
	if err != nil {
		return fmt.Errorf("reading the threads of process %d: %w", p, err)
	}
	for _, thread := range all {
		t, err := readThread(filepath.Join(p.path("task"), thread.Name()))
		switch {
		case err == nil:
			u.threads[thread.Name()] = t
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ESRCH):
			return fmt.Errorf("reading thread %s of process %d: %w", thread.Name(), p, err)
		}
	}
	if len(u.threads) == 0 {
		return fmt.Errorf("process %d has ended, or the kernel has no schedstat", p)
	}
	return nil
}

// readThread reads the figures of one thread, from its directory.
func readThread(dir string) (t threadUsage, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "schedstat"))
	if err != nil {
		return t, err
	}
	ran, _, _ := strings.Cut(string(text), " ")
	if t.ran, err = strconv.ParseInt(ran, 10, 64); err != nil {
		return t, fmt.Errorf("schedstat: %w", err)
	}
	status, err := readFields(filepath.Join(dir, "status"))
	if err != nil {
		return t, err
	}
	if t.voluntary, err = status.number("voluntary_ctxt_switches"); err != nil {
		return t, err
	}
	t.involuntary, err = status.number("nonvoluntary_ctxt_switches")
	return t, err
}

// tick is the unit of the times in stat: the kernel tells them in hundredths of a second on every machine.
const tick = int64(10 * time.Millisecond)

// times reads the time in user mode and in the kernel, that of threads that have ended included.
func (p process) times() (user, system int64, err error) {
	text, err := os.ReadFile(p.path("stat"))
	if err != nil {
		return 0, 0, fmt.Errorf("reading the times of process %d: %w", p, err)
	}
	// The name, which is in parentheses, may contain anything; the third field comes after it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, 0, fmt.Errorf("stat of process %d: %q", p, text)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return user * tick, system * tick, errors.Join(err1, err2)
}

// calls reads the numbers of system calls, or returns nil where that is not allowed.
func (p process) calls() (*calls, error) {
	f, err := readFields(p.path("io"))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	read, err1 := f.number("syscr")
	written, err2 := f.number("syscw")
	return &calls{read, written}, errors.Join(err1, err2)
}

// memory is what a process has in memory, in bytes: all of it, and what of it is of no file.
type memory struct{ resident, anonymous int64 }

func (p process) memory() (memory, error) {
	f, err := readFields(p.path("status"))
	if err != nil {
		return memory{}, err
	}
	resident, err1 := f.number("VmRSS")
	anonymous, err2 := f.number("RssAnon")
	return memory{resident << 10, anonymous << 10}, errors.Join(err1, err2)
}

// fields are lines of the form "name: value".
type fields map[string]string

func readFields(file string) (fields, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	f := make(fields)
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		f[name] = value
	}
	return f, nil
}

// number returns a value that begins with a number, whatever its unit.
func (f fields) number(name string) (int64, error) {
	words := strings.Fields(f[name])
	if len(words) == 0 {
		return 0, fmt.Errorf("the kernel does not tell %s", name)
	}
	n, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}
