//go:build linux

package app

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

func TestExit(t *testing.T) {
	for _, tt := range []struct {
		err, want string
		code      int
	}{
		{"", "", 0},
		{"bad port", "name: bad port\n", 1},
	} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "APP_TEST_EXIT="+tt.err)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() < 0 {
			t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != tt.code || stderr.String() != tt.want || stdout.Len() > 0 {
			t.Errorf("%q: code %d, standard error %q, output %q", tt.err, code, stderr.String(), stdout.String())
		}
	}
}
