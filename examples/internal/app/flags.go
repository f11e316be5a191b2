//go:build linux

package app

import (
	"flag"
	"strings"
)

// Flags are the flags that every example server has. It is a plain value; one goroutine at a time.
type Flags struct {
	// Addr is where to listen: host:port, where port 0 chooses one, or unix:path.
	Addr string
	// Loops is the number of loops; 0 means GOMAXPROCS.
	Loops int
}

// Register defines the flags -addr and -loops in fs, to be parsed into f; defaultAddr is the default of -addr.
func (f *Flags) Register(fs *flag.FlagSet, defaultAddr string) {
	fs.StringVar(&f.Addr, "addr", defaultAddr, "listen on `host:port` or unix:path")
	fs.IntVar(&f.Loops, "loops", 0, "number of loops; 0 means GOMAXPROCS")
}

// ParseAddr splits an address as flags have it into the network and the address that loop.Set.Listen and Dial
// take: "unix" and the path after "unix:", otherwise "tcp" and s as it is. Whether the address is a good one,
// Listen says. Any goroutine.
func ParseAddr(s string) (network, address string) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return "unix", path
	}
	return "tcp", s
}
