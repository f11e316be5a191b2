package main

import (
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOptionsRefused(t *testing.T) {
	const addr = "-addr 127.0.0.1:1 "
	for args, tells := range map[string]string{
		"":                                  "-addr",
		"-addr localhost:80":                "neither unix:PATH nor a loopback",
		"-addr 10.0.0.1:80":                 "not a loopback",
		"-addr 0.0.0.0:80":                  "not a loopback",
		"-addr 128.0.0.1:80":                "not a loopback",
		"-addr [::]:80":                     "not a loopback",
		"-addr [2001:db8::1]:80":            "not a loopback",
		"-addr [::ffff:10.0.0.1]:80":        "not a loopback",
		"-addr [::1%lo]:80":                 "not a loopback",
		"-addr 127.0.0.1":                   "with a port",
		"-addr 127.0.0.1:0":                 "no port",
		"-addr unix:":                       "path",
		addr + "more":                       `"more"`,
		addr + "-x":                         "-x",
		addr + "-mode ftp":                  `no mode "ftp"`,
		addr + "-conns 0":                   "-conns",
		addr + "-conns 20001":               "-conns",
		addr + "-depth 0":                   "-depth",
		addr + "-depth 65537":               "-depth",
		addr + "-conns 1000 -depth 10000":   "-depth",
		addr + "-depth 300 -size 1000000":   "bytes in flight",
		addr + "-size 0":                    "-size",
		addr + "-size 1048577":              "-size",
		addr + "-mode line -size 3":         "4 to 65536",
		addr + "-mode http -size 64":        "takes no -size",
		addr + "-warmup -1s":                "-warmup",
		addr + "-duration 0s":               "-duration",
		addr + "-duration 2h":               "-duration",
		addr + "-messages 0":                "-messages",
		addr + "-messages 1 -duration 1s":   "only one",
		addr + "-rate -1":                   "-rate",
		addr + "-rate 0.5":                  "-rate",
		addr + "-rate NaN":                  "-rate",
		addr + "-rate 10000001":             "-rate",
		addr + "-pid -1":                    "-pid",
		addr + "-mode idle":                 "needs -pid",
		addr + "-mode idle -pid 1 -rate 10": "neither",
		addr + "-mode slow -messages 10":    "neither",
	} {
		if _, err := parseOptions(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), tells) {
			t.Errorf("%q: %v, want %q", args, err, tells)
		}
	}
}

func TestOptionsOfModes(t *testing.T) {
	for args, want := range map[string]options{
		"":                              {depth: 1, size: 64},
		"-mode line -size 32 -depth 16": {depth: 16, size: 32},
		"-mode stream":                  {depth: 4, size: 64 << 10},
		"-mode http -depth 2":           {depth: 2},
		"-mode slow":                    {depth: 1000, size: 64},
		"-mode idle -depth 3 -duration 5s -pid 1": {depth: 3, size: 64},
	} {
		o, err := parseOptions(append(strings.Fields(args), "-addr", "127.1.2.3:80"), io.Discard)
		if err != nil {
			t.Errorf("%q: %v", args, err)
		} else if o.depth != want.depth || o.size != want.size {
			t.Errorf("%q: depth %d, size %d", args, o.depth, o.size)
		}
	}
}

func TestTargets(t *testing.T) {
	for s, family := range map[string]int{
		"127.0.0.1:80": unix.AF_INET, "127.255.255.254:1": unix.AF_INET, "[::ffff:127.0.0.1]:80": unix.AF_INET,
		"[::1]:65535": unix.AF_INET6, "unix:a": unix.AF_UNIX, "unix:/tmp/a:b": unix.AF_UNIX,
	} {
		if got, err := parseTarget(s); err != nil || got.family != family {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
}

// No address is the source of more connections than it has ports.
func TestSources(t *testing.T) {
	v4, _ := parseTarget("127.0.0.1:80")
	used := make(map[unix.SockaddrInet4]int)
	for i := range maxConns {
		if sa, ok := v4.source(i).(*unix.SockaddrInet4); ok {
			used[*sa]++
		} else {
			used[unix.SockaddrInet4{}]++
		}
	}
	if len(used) != 2 || used[unix.SockaddrInet4{}] != portsEach || used[unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 2}}] != portsEach {
		t.Errorf("%v", used)
	}
	for _, s := range []string{"[::1]:80", "unix:a"} {
		if other, _ := parseTarget(s); other.source(maxConns) != nil {
			t.Errorf("%s: a source", s)
		}
	}
}

// A connection from another loopback address works.
func TestSourceIsBound(t *testing.T) {
	got := make(chan string, 1)
	target, err := parseTarget(serve(t, func(_ int, nc net.Conn) { got <- nc.RemoteAddr().String() }))
	if err != nil {
		t.Fatal(err)
	}
	fd, err := target.socket(portsEach, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := target.connect(fd, -1, patience.connect); err != nil {
		t.Fatal(err)
	}
	if from := <-got; !strings.HasPrefix(from, "127.0.0.2:") {
		t.Errorf("the connection comes from %s", from)
	}
}
