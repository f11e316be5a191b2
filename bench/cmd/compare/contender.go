package main

import (
	"os/exec"
	"path/filepath"
	"slices"
)

// contender is a server.
type contender struct {
	name  string
	argv  []string // the program, in the directory of all of them, and what it needs to be told besides the workload
	modes []string // nil: all
	quick bool
}

// reference is the contender that the others' ratios are to.
const reference = "C epoll"

// ours is the name of Millrace.
const ours = "Millrace"

// field is all of them.
var field = []contender{
	{name: reference, argv: []string{"limit-epoll"}, quick: true},
	{name: "C io_uring", argv: []string{"limit-uring"}},
	{name: ours, argv: []string{"server"}, quick: true},
	{name: "gnet", argv: []string{"peers", "-lib", "gnet"}, quick: true},
	{name: "gnet, plain", argv: []string{"peers", "-lib", "gnet", "-form", "plain"}, modes: []string{"line", "http"}},
	{name: "nbio", argv: []string{"peers", "-lib", "nbio"}},
	{name: "nbio, plain", argv: []string{"peers", "-lib", "nbio", "-form", "plain"}, modes: []string{"line", "http"}},
	{name: "netpoll", argv: []string{"peers", "-lib", "netpoll"}},
	{name: "netpoll, plain", argv: []string{"peers", "-lib", "netpoll", "-form", "plain"}, modes: []string{"line", "http"}},
	{name: "net", argv: []string{"peers", "-lib", "net"}, quick: true},
	{name: "net, plain", argv: []string{"peers", "-lib", "net", "-form", "plain"}, modes: []string{"line", "http"}},
	{name: "net/http", argv: []string{"peers", "-lib", "nethttp"}, modes: []string{"http"}},
	{name: "fasthttp", argv: []string{"peers", "-lib", "fasthttp"}, modes: []string{"http"}},
}

// contenders returns those that take part, and notes on those whose programs are missing.
func (o *options) contenders() (chosen []contender, notes []string) {
	for _, c := range field {
		if c.name != reference && (!o.on.MatchString(c.name) || o.quick && !c.quick) {
			continue
		}
		path := filepath.Join(o.bin, c.argv[0])
		if _, err := exec.LookPath(path); err != nil {
			notes = append(notes, c.name+" is left out: "+err.Error())
			continue
		}
		c.argv = append([]string{path}, c.argv[1:]...)
		chosen = append(chosen, c)
	}
	return chosen, notes
}

// serves reports whether the contender has the cell's mode.
func (c contender) serves(mode string) bool { return c.modes == nil || slices.Contains(c.modes, mode) }
