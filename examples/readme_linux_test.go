package examples

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The first Go program of README.md runs as printed, but for its address.
func TestReadmeServer(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(readme), "```go\n")
	program, _, _ = strings.Cut(program, "```")
	socket := filepath.Join(t.TempDir(), "socket")
	const address = `"tcp", ":7000"`
	if strings.Count(program, address) != 1 {
		t.Fatalf("no program that listens on %s:\n%s", address, program)
	}
	source, binary := socket+".go", socket+".bin"
	program = strings.Replace(program, address, fmt.Sprintf(`"unix", %q`, socket), 1)
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := exec.Command(binary)
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill() // it serves for ever
		_ = server.Wait()         // the signal is its error
	}()
	nc, err := net.Dial("unix", socket)
	for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); nc, err = net.Dial("unix", socket) {
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	const lines = "hello\r\n\r\nworld\r\n"
	if _, err := io.WriteString(nc, lines); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(lines))
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != lines {
		t.Errorf("got %q, %v; want %q", got, err, lines)
	}
}
