//go:build linux

package resp

import (
	"context"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

// TestAgainstRedis runs every transcript against a real Redis, so that what the table expects is what Redis says. Those
// marked as ours, whose names say why they differ, must differ.
func TestAgainstRedis(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "redis")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cmd := exec.CommandContext(ctx, clienttest.Client(t, "redis-server"), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", filepath.Dir(socket))
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // killed
	}()
	var err error
	for range 500 {
		var c net.Conn
		if c, err = net.Dial("unix", socket); err == nil {
			_ = c.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range transcripts {
		t.Run(tr.name, func(t *testing.T) {
			if reply := askRedis(t, socket, "FLUSHALL\r\n", false); reply != "+OK\r\n" {
				t.Fatalf("FLUSHALL: %q", reply)
			}
			got := askRedis(t, socket, tr.in, tr.closes && !tr.ours)
			if same := got == tr.out; same == tr.ours {
				t.Errorf("sent %q\nRedis %q\nours  %q", tr.in, got, tr.out)
			}
		})
	}
}

// askRedis sends in, and then ends the stream unless Redis is to do so, and returns all that comes back.
func askRedis(t *testing.T, socket, in string, closes bool) string {
	t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(c, in)
	if err == nil && !closes {
		err = c.CloseWrite()
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}
