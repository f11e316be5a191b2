//go:build linux

package clienttest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"
)

// requireClients is the variable of the environment that makes a missing client a failure.
const requireClients = "MILLRACE_REQUIRE_CLIENTS"

// runTimeout bounds a client.
const runTimeout = 60 * time.Second

// Client returns the path of the client called name. If it is not installed the test is skipped, or fails when
// MILLRACE_REQUIRE_CLIENTS is 1. On the test's goroutine only.
func Client(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, name)
	}
	return path
}

// Missing is for a client, or a part of one, that is not installed: it skips the test, or fails it when
// MILLRACE_REQUIRE_CLIENTS is 1. On the test's goroutine only.
func Missing(t testing.TB, name string) {
	t.Helper()
	if os.Getenv(requireClients) == "1" {
		t.Fatalf("%s is not installed, and %s=1", name, requireClients)
	}
	t.Skipf("%s is not installed; %s=1 would make this a failure", name, requireClients)
}

// Run runs a client for at most 60 s and returns what it wrote to standard output. It fails the test, with all
// that the client wrote, if that does not exit with code 0. On the test's goroutine only.
func Run(t testing.TB, client string, args ...string) string {
	t.Helper()
	stdout, stderr, code := RunCode(t, client, args...)
	if code != 0 {
		t.Fatalf("%s %q: exit code %d\n%s%s", client, args, code, stdout, stderr)
	}
	return stdout
}

// RunCode is Run for a client whose exit code is part of the test: it returns both outputs and the code, and
// fails the test only if the client could not be run or took longer than 60 s. On the test's goroutine only.
func RunCode(t testing.TB, client string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), runTimeout)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, client, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = 20 * time.Second // for the descendants of a client that was killed; reading the rest may take a while
	err := cmd.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %q: %v, %v\n%s%s", client, args, err, ctx.Err(), out.String(), errs.String())
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
