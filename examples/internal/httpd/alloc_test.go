//go:build linux

package httpd

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// hot are the exchanges that allocate nothing once the server has warmed up, a whole pipeline included.
var hot = []struct{ name, in string }{
	{"hello", get},
	{"hello, 16 at once", strings.Repeat(get, 16)},
	{"hello for a browser", "GET /hello?x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n" +
		"Accept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n" +
		"Accept-Language: en-US,en;q=0.9\r\nCache-Control: max-age=0\r\n\r\n"},
	{"hello 1.0", "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"},
	{"HEAD", "HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n"},
	{"nothing there", "GET /../x HTTP/1.1\r\nHost: h\r\n\r\n"},
	{"not allowed", "PUT /echo HTTP/1.1\r\nHost: h\r\n\r\n"},
	{"echo", post("abc")},
	{"echo of 4 KiB", post(strings.Repeat("x", 4<<10))},
}

// round sends in and takes the reply into buf, without an allocation of its own.
func (r *rig) round(in, buf []byte) (n int) {
	if _, err := unix.Write(r.fd, in); err != nil {
		r.t.Fatal(err)
	}
	if err := r.loop.Poll(0); err != nil {
		r.t.Fatal(err)
	}
	n, err := unix.Read(r.fd, buf)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestAllocations(t *testing.T) {
	for _, tt := range hot {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{})
			in, buf := []byte(tt.in), make([]byte, 64<<10)
			want := r.round(in, buf)
			allocs := testing.AllocsPerRun(200, func() {
				if n := r.round(in, buf); n != want {
					t.Fatalf("%d bytes, the first time %d", n, want)
				}
			})
			if allocs != 0 {
				t.Errorf("%v allocations", allocs)
			}
		})
	}
}

func BenchmarkRequests(b *testing.B) {
	for _, tt := range hot {
		b.Run(tt.name, func(b *testing.B) {
			r := newRig(b, Config{})
			in, buf := []byte(tt.in), make([]byte, 64<<10)
			want := r.round(in, buf)
			b.ReportAllocs()
			for b.Loop() {
				if n := r.round(in, buf); n != want {
					b.Fatalf("%d bytes, the first time %d", n, want)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	in := []byte(strings.TrimSuffix(hot[2].in, "\r\n\r\n"))
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		var r request
		if status := r.parse(in); status != 0 {
			b.Fatal(status)
		}
	}
}
