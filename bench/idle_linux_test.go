package bench

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkIdle opens connections, has each echo one message, and reports what the server's resident memory grew by for
// each, the kernel's own not counted, once they are idle.
func BenchmarkIdle(b *testing.B) {
	const conns = 8000
	for _, lib := range []string{"millrace", "net"} {
		b.Run(lib, func(b *testing.B) {
			for range b.N {
				server := startServer(b, lib, "echo-64B")
				before := server.resident(b)
				all := make([]net.Conn, 0, conns)
				message, got := []byte("hello"), make([]byte, 5)
				for range conns {
					nc, err := net.Dial("tcp", server.addr)
					if err != nil {
						b.Fatal(err)
					}
					all = append(all, nc)
					if _, err := nc.Write(message); err != nil {
						b.Fatal(err)
					}
					if _, err := io.ReadFull(nc, got); err != nil || string(got) != "hello" {
						b.Fatalf("%q, %v", got, err)
					}
				}
				time.Sleep(100 * time.Millisecond)
				b.ReportMetric(float64(server.resident(b)-before)/conns, "B/conn")
				for _, nc := range all {
					nc.Close()
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// resident is the server's resident memory in bytes (proc(5), status).
func (s *server) resident(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		b.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib << 10
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
