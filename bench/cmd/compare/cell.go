package main

import "strconv"

// cell is one workload of the benchmark.
type cell struct {
	name  string
	mode  string // of the servers
	load  []string
	loops int     // of the servers; above 1, nobody is pinned
	goal  float64 // what Millrace's ratio to C is to be at most; 0: none was set
	quick bool
	idle  bool // what counts is resident memory
}

// cells returns all of them; rate is that of those that do not send as fast as they can.
func cells(rate int) []cell {
	all := []cell{
		{name: "echo-64B-1", mode: "echo", load: load("echo", 1, 1, 64), goal: 1.15},
		{name: "echo-64B-64", mode: "echo", load: load("echo", 64, 1, 64), goal: 1.05, quick: true},
		{name: "echo-64B-1000", mode: "echo", load: load("echo", 1000, 1, 64), goal: 1.03},
		{name: "lines-32B-16-deep", mode: "line", load: load("line", 64, 16, 32), goal: 1.05, quick: true},
		{name: "lines-32B-128-deep", mode: "line", load: load("line", 64, 128, 32), goal: 1.10, quick: true},
		{name: "stream-64KiB-8", mode: "echo", load: load("stream", 8, 4, 64<<10), goal: 0.95, quick: true},
		{name: "http-64", mode: "http", load: load("http", 64, 1, 0), goal: 1.08, quick: true},
		{name: "http-64-16-deep", mode: "http", load: load("http", 64, 16, 0), goal: 1.10},
		{name: "echo-64B-64-rate", mode: "echo", load: append(load("echo", 64, 1, 64), "-rate", strconv.Itoa(rate))},
		{name: "two-loops-echo-64B-64", mode: "echo", load: load("echo", 64, 1, 64), loops: 2},
		{name: "two-loops-lines-32B-16-deep", mode: "line", load: load("line", 64, 16, 32), loops: 2},
		{name: "two-loops-http-64", mode: "http", load: load("http", 64, 1, 0), loops: 2},
		{name: "idle-10000", mode: "echo", load: load("idle", 10_000, 1, 64), idle: true},
	}
	for i := range all {
		all[i].loops = max(all[i].loops, 1)
	}
	return all
}

// load returns the arguments of the load generator.
func load(mode string, conns, depth, size int) []string {
	args := []string{"-mode", mode, "-conns", strconv.Itoa(conns), "-depth", strconv.Itoa(depth)}
	if size > 0 {
		args = append(args, "-size", strconv.Itoa(size))
	}
	return args
}

// pinned reports whether server and load have a processor each.
func (c cell) pinned() bool { return c.loops == 1 }
