// Command load is a load generator for servers: what it measures is the processor time that a server spends on a
// message. It opens connections, keeps messages in flight on them, checks every byte that comes back, and prints one
// JSON object about the time between warm-up and end.
//
//	load -addr 127.0.0.1:7000 -mode line -conns 64 -depth 16 -size 32 -warmup 300ms -duration 2s -pid 4711
//
// It runs on one thread, which the caller pins: taskset -c 1 load ... Linux 5.11 or later. Only loopback addresses and
// unix:PATH are accepted.
//
// # Modes
//
// The first message of each connection is answered before the next connection is opened, so a server's short accept
// queue does no harm. What is said of depth is about the time after that.
//
//   - echo: messages of -size bytes, -depth of them in flight on each connection; the server sends back what it gets.
//     As messages are answered, as many are sent, in one write.
//   - line: the same with lines of printable characters, no two of 251 in succession alike; -size counts the CR LF at
//     their end.
//   - stream: the same with chunks, of 64 KiB if -size does not say otherwise; they are written as the socket takes
//     them, and what comes back is read at once.
//   - http: GET requests; the reply has to be of status 200, with a Content-Length and the body "Hello, World!".
//   - idle: every connection has one message of -size bytes answered, then all are left alone for a second. What counts
//     is the server's memory before the first connection and at the end of that second. Then a sample of the
//     connections has to echo once more. -depth, -warmup and -duration are of no account.
//   - slow: -conns connections have -depth lines in flight each and read the replies 512 bytes at a time, every 10 ms,
//     through small receive buffers, while one connection more sends a line whenever the one before is answered. The
//     latency is that of this one, messages and bytes are those of all.
//
// # How replies are checked
//
// All that a connection sends is one endless text with a period, known beforehand, and of a server that sends back what
// it gets the replies have to be that text again: each read is compared, in one go, with the bytes that belong at its
// place in the stream, and all bytes that were sent have to have come back when the load ends. A byte that is wrong,
// lost, repeated or out of order is thus found where it is, at the speed of memory. The period is a prime number of
// bytes or of lines, and connections begin at different places of it. Replies of HTTP are parsed, unless they are the
// same, to the byte and with their Date, as the one that was parsed last.
//
// # Closed and open loop
//
// Without -rate the loop is closed: a message is sent when another was answered, and its latency counts from its write
// to the arrival of its last byte; the clock is read once for each read, and this reading is the time of the write that
// follows as well. The messages that were answered in the measured time count.
//
// With -rate R message k is due k/R seconds after the begin, on connection k modulo -conns, and its latency counts from
// then, however late it could be sent: a server that stalls is charged for all messages that waited for it. At most
// -depth messages are in flight on a connection. Of what cannot be sent, as much as falls due in a second is kept; more
// than that is given up, as is what still waits at the end, and reported as never_sent. The latency is that of the
// messages that were due in the measured time and sent, those that were answered after its end included.
//
// # What it prints
//
// Only if every byte was right: a byte that is wrong, missing or too many, a connection that is closed or reset, or a
// reply that does not come ends the load, with the connection and the offset on standard error, and no figures. The
// exit code is 0 when all is well, 1 after such an error, 2 for a wrong command line, and 130 after SIGINT or SIGTERM.
//
// All figures are of the measured time. seconds is its length, messages and bytes what was answered in it; bytes are
// those of replies. What begins with server_ is of the process -pid, with all its threads, and missing without it:
// server_cpu_ns is the time that its threads had a processor, in nanoseconds (schedstat); server_user_ns and
// server_system_ns are how the kernel divides that time, in steps of 10 ms; server_syscr and server_syscw are its calls
// of the read and of the write family, and missing where /proc/PID/io may not be read. server_threads_ended, if
// present, is how many threads ended in the measured time: server_cpu_ns then lacks what they ran. What begins with
// load_ is of the load generator itself.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
)

// The exit codes.
const (
	exitWell        = 0
	exitError       = 1 // of the server or the machine
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	debug.SetGCPercent(-1) // what is needed is allocated at the begin
	runtime.GOMAXPROCS(1)  // a second P would look for work while there is none
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the command line asks for, and returns the exit code.
func run(args []string, out, errs io.Writer) int {
	o, err := parseOptions(args, errs)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitWell
	case err != nil:
		fmt.Fprintln(errs, "load:", err)
		return exitUsage
	}
	r, err := perform(o)
	if err == nil {
		err = json.NewEncoder(out).Encode(r)
	}
	switch {
	case errors.Is(err, errInterrupted):
		fmt.Fprintln(errs, "load:", err)
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(errs, "load:", err)
		return exitError
	}
	return exitWell
}

// perform runs a load from the first connection to the last, on a thread of its own, and ends early on a signal.
func perform(o *options) (r *report, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s, err := newStopper()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	l, err := newLoad(o, s.fd)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	return l.perform()
}
