package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// turnOf is a turn that costs so many nanoseconds a message.
func turnOf(ns int64) *turn { return &turn{Seconds: 1, Messages: 1000, ServerCPU: 1000 * ns} }

// twoRows is a cell of the reference and another, of these rounds; 0 is a round that failed.
func twoRows(c cell, first, second []int64) result {
	r := newResult(c, []contender{{name: reference}, {name: ours}})
	for i, rounds := range [][]int64{first, second} {
		for _, ns := range rounds {
			if ns == 0 {
				r.rows[i].add(turnOf(1), os.ErrDeadlineExceeded)
				continue
			}
			r.rows[i].add(turnOf(ns), nil)
		}
	}
	return r
}

// Ratios are of the same round, so that a machine that is slow for a while changes none; a round that failed, of either
// of the two, does not count.
func TestRatios(t *testing.T) {
	r := twoRows(cell{name: "x"}, []int64{100, 200, 0, 50}, []int64{110, 220, 7, 0})
	paired, minima := r.ratios(&r.rows[1])
	if len(paired) != 2 || paired[0] != 1.1 || paired[1] != 1.1 || minima != 1.1 {
		t.Errorf("%v and %v", paired, minima)
	}
	if got := r.costs(&r.rows[1]); len(got) != 3 {
		t.Errorf("costs %v", got)
	}
	if r.rows[1].err == nil {
		t.Error("the error is lost")
	}
}

// Losing rows are written like the others.
func TestTables(t *testing.T) {
	lost := twoRows(cell{name: "lost", goal: 1.05}, []int64{100, 100}, []int64{150, 130})
	failed := twoRows(cell{name: "failed"}, []int64{100}, []int64{0})
	var b bytes.Buffer
	writeTable(&b, lost)
	writeTable(&b, failed)
	writeMatrix(&b, []result{lost, failed})
	for _, want := range []string{
		"lost, of which the goal for Millrace is 1.05", "| Millrace | 140 (130–150) | 1.40 (1.30–1.50) | 1.30 | 1000 |",
		"| Millrace | failed |", "Millrace failed: ", "| lost | 1.05 | 1.00 | 1.40 |", "| failed |  | 1.00 |  |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestPerMessage(t *testing.T) {
	table := "strace: Process 1 attached\ncalls     syscall\n------\n     2000 read\n     1000 write\n      500 epoll_wait\n        1 exit_group\n------\n     3501 total\n"
	if got, want := perMessage(table, 1000), "3.50 (read 2.00, write 1.00, epoll_wait 0.50)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// script writes a program.
func script(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
}

const (
	servesWell = `case "$*" in *"-mode echo -loops 1"*) ;; *) exit 1;; esac; echo listening 127.0.0.1:1; cat >/dev/null`
	loadsWell  = `case "$*" in *"-addr 127.0.0.1:1 -pid "*) ;; *) exit 1;; esac
echo '{"seconds": 1, "messages": 10, "server_cpu_ns": 100, "latency_ns": {"p50": 1000, "p99": 2000, "p999": 3000}}'`
)

// A whole run, on programs that only pretend, with a server that does not start, one that ends badly, and one that is missing.
func TestRun(t *testing.T) {
	bin := t.TempDir()
	script(t, filepath.Join(bin, "limit-epoll"), servesWell)
	script(t, filepath.Join(bin, "limit-uring"), "exit 3")
	script(t, filepath.Join(bin, "server"), servesWell)
	script(t, filepath.Join(bin, "peers"), servesWell+"; exit 1")
	script(t, filepath.Join(bin, "load"), loadsWell)
	recorded := filepath.Join(bin, "record")
	o, err := parseOptions([]string{
		"-bin", bin, "-rounds", "2", "-run", "^echo-64B-64$", "-syscalls=false", "-on", "Mill|uring|gnet$",
		"-record", recorded, "-plots", bin,
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := run(t.Context(), o, &b); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "echo-64B-64\tMillrace\t"); n != 2 {
		t.Errorf("%d rounds of Millrace in\n%s", n, text)
	}
	for _, want := range []string{"| Millrace | 10 (10–10) | 1.00 (1.00–1.00) |", "C io_uring failed: ", "gnet failed: ending"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if svg, err := os.ReadFile(filepath.Join(bin, "servers.svg")); err != nil || !bytes.Contains(svg, []byte("Millrace")) {
		t.Errorf("the plot: %v", err)
	}
}

func TestMissingPrograms(t *testing.T) {
	o, err := parseOptions([]string{"-bin", t.TempDir(), "-rounds", "1"}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), o, os.Stderr); err == nil || !strings.Contains(err.Error(), "no server") {
		t.Errorf("without programs: %v", err)
	}
}

// A server that hangs does not hang the comparison.
func TestHangingServer(t *testing.T) {
	bin := t.TempDir()
	script(t, filepath.Join(bin, "server"), "exec sleep 60")
	o := &options{bin: bin}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	who := contender{name: ours, argv: []string{filepath.Join(bin, "server")}}
	if _, err := o.measure(ctx, cells(1)[0], who); err == nil || time.Since(begin) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

func TestOptions(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"-duration", "0s"}, {"-run", "("}, {"more"}, {"-rate", "0"}} {
		if _, err := parseOptions(args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
}
