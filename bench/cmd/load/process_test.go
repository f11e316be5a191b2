package main

import (
	"os"
	"testing"
	"time"
)

func TestUsageGrows(t *testing.T) {
	p := process(os.Getpid())
	before, err := p.usage()
	if err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < 20*time.Millisecond; {
	}
	if _, err := os.ReadFile("/proc/self/stat"); err != nil {
		t.Fatal(err)
	}
	after, err := p.usage()
	if err != nil {
		t.Fatal(err)
	}
	sum, ended := after.threadsSince(before)
	if sum.ran <= 0 || sum.voluntary+sum.involuntary < 0 || ended < 0 || after.user+after.system < before.user+before.system {
		t.Errorf("%+v, then %+v", before, after)
	}
	if after.calls != nil && after.calls.read <= before.calls.read {
		t.Errorf("%+v calls, then %+v", before.calls, after.calls)
	}
}

func TestThreadsSince(t *testing.T) {
	before := usage{threads: map[string]threadUsage{"1": {10, 1, 2}, "2": {20, 3, 4}}}
	after := usage{threads: map[string]threadUsage{"1": {15, 2, 4}, "3": {7, 5, 6}}}
	if sum, ended := after.threadsSince(before); sum != (threadUsage{12, 6, 8}) || ended != 1 {
		t.Errorf("%+v, %d", sum, ended)
	}
}

func TestNoSuchProcess(t *testing.T) {
	const none = process(1 << 30)
	if _, err := none.usage(); err == nil {
		t.Error("usage: no error")
	}
	if _, err := none.memory(); err == nil {
		t.Error("memory: no error")
	}
	addr := serve(t, echo)
	badly(t, patience, []string{"process 1073741824"}, "-addr", addr, "-pid", "1073741824", "-messages", "10")
}

func TestReadFields(t *testing.T) {
	f := fields{"VmRSS": "\t  1234 kB\n", "empty": "\n", "odd": " x\n"}
	if n, err := f.number("VmRSS"); n != 1234 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, name := range []string{"empty", "odd", "missing"} {
		if _, err := f.number(name); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
