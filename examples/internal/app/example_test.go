//go:build linux

package app_test

import (
	"flag"
	"fmt"

	"github.com/millrace-net/millrace/examples/internal/app"
)

// The two forms of an address.
func ExampleParseAddr() {
	fmt.Println(app.ParseAddr("127.0.0.1:8080"))
	fmt.Println(app.ParseAddr("unix:/run/echo.sock"))
	// Output:
	// tcp 127.0.0.1:8080
	// unix /run/echo.sock
}

// The flags of an example, in a set of their own.
func ExampleFlags_Register() {
	var f app.Flags
	fs := flag.NewFlagSet("echo", flag.ExitOnError)
	f.Register(fs, "127.0.0.1:7000")
	_ = fs.Parse([]string{"-loops", "2"})
	fmt.Println(f.Addr, f.Loops)
	// Output: 127.0.0.1:7000 2
}
