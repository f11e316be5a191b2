//go:build linux

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/millrace-net/millrace/loop"
)

// Serve serves f.Addr with f.Loops loops until the process gets SIGINT or SIGTERM. It prints "NAME: listening
// on ADDR" to standard error as soon as clients can connect, with the port that was chosen for port 0. After
// the signal it drains, as loop.Set.Run does when its context is done, for at most twice o.DrainTimeout, and
// returns nil; a second signal ends the process at once.
//
// Otherwise it returns the error of NewSet, Listen (a port in use is syscall.EADDRINUSE) or Run. It is called
// from main's goroutine, once.
func Serve(name string, f Flags, o loop.Options, factory loop.Factory) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return serve(ctx, os.Stderr, name, f, o, factory)
}

func serve(ctx context.Context, log io.Writer, name string, f Flags, o loop.Options, factory loop.Factory) error {
	o.Loops = f.Loops
	set, err := loop.NewSet(o)
	if err != nil {
		return err
	}
	network, address := ParseAddr(f.Addr)
	ln, err := set.Listen(network, address, factory)
	if err != nil {
		return errors.Join(err, set.Close())
	}
	fmt.Fprintf(log, "%s: listening on %s\n", name, FormatAddr(ln.Addr()))
	return set.Run(ctx)
}

// FormatAddr is the inverse of ParseAddr: it gives a listener's address as flags have it. Any goroutine.
func FormatAddr(a net.Addr) string {
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return a.String()
}

// Exit ends the process: with code 0 if err is nil, else with code 1, after "NAME: err" on standard error.
func Exit(name string, err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	os.Exit(1)
}
